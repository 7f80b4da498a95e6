import { follow } from '../../../view/follow.ts';
import { parent } from '../../../view/path.ts';
import { runs } from '../../../systemd/boot-order.ts';
import { type Check, gathered } from '../../check.ts';
import type { FindingBase, Severity } from '../../finding.ts';
import type { Merge } from '../../merge.ts';
import { shownEntries } from '../../shown-entries.ts';
import { unitFiles } from '../../../systemd/unit-files.ts';

export interface NeedsReload extends FindingBase {
  readonly kind: 'activation/needs-reload';
}

interface Daemon {
  /** The daemon, if others that a host may have instead do without. */
  readonly only?: string;
  readonly directory: RegExp;
  readonly command: string;
  readonly effect: string;
  /** `warning`: it has started before the merge at every boot; `info`: after it. */
  readonly severity: Severity;
}

/** Daemons that have read their files, or acted on them, when an extension comes. */
const DAEMONS: readonly Daemon[] = [
  {
    directory: /^\/(?:usr\/lib|etc)\/udev\/rules\.d$/,
    command: 'udevadm trigger',
    effect: 'devices that are there already were handled without these rules (udevadm trigger)',
    severity: 'warning',
  },
  {
    directory: /^\/(?:usr\/lib|etc)\/udev\/hwdb\.d$/,
    command: 'systemd-hwdb update',
    effect: 'the hardware database is a compiled file, made without this (systemd-hwdb update)',
    severity: 'warning',
  },
  {
    directory: /^\/(?:usr\/share|etc)\/dbus-1\/system\.d$/,
    command: 'ReloadConfig',
    effect: 'a bus that runs does not know it (systemctl reload dbus)',
    severity: 'info',
  },
  {
    // dbus-daemon looks again for a service that it does not know
    only: '/usr/bin/dbus-broker-launch',
    directory: /^\/usr\/share\/dbus-1\/system-services$/,
    command: 'ReloadConfig',
    effect: 'dbus-broker does not know it if it runs already (systemctl reload dbus)',
    severity: 'info',
  },
];

export const needsReload: Check<NeedsReload> = {
  kind: 'activation/needs-reload',
  page: {
    title: 'A running daemon does not know of a file',
    means:
      'The extension brings udev rules, hardware database entries or D-Bus policies and services. The daemon that reads ' +
      'them has started, or has handled its devices, before the extension is merged.',
    matters:
      'udev handles all devices at the beginning of a boot: permissions and links of the new rules are missing until ' +
      'a device is plugged in again. The system bus starts after the merge at boot, but on a running system it refuses ' +
      'names for which it has no policy. (dbus-daemon finds new services by itself, dbus-broker does not.)',
    fix:
      'Let a oneshot unit that multi-user.target upholds do it: “udevadm trigger” (udev reads its rules again by itself), ' +
      '“systemd-hwdb update”, or “busctl call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig”.',
  },
  find: ({ merge }) => gathered(find(merge)),
};

function* find(merge: Merge): Generator<NeedsReload> {
  const { host } = merge;
  for (const { extension, path, kind } of shownEntries(merge)) {
    const daemon = DAEMONS.find(({ directory }) => directory.test(parent(path)));
    if (!daemon || kind === 'directory') continue;
    const { command, effect, severity, only } = daemon;
    if (only !== undefined && host && follow(host.view, only).path === undefined) continue;
    if (runs(unitFiles(extension.view), command)) continue;
    yield {
      kind: 'activation/needs-reload',
      severity,
      extension: extension.name,
      subject: path,
      alsoIn: [],
      chain: [],
      culprit: parent(path),
      message: `${path} comes late: ${effect}`,
      fix: `run ${command} from a unit that starts after the merge`,
    };
  }
}
