import { runs } from '../../../systemd/boot-order.ts';
import { unitFiles } from '../../../systemd/unit-files.ts';
import { follow } from '../../../view/follow.ts';
import { parent } from '../../../view/path.ts';
import { defineEntryCheck } from '../../check.ts';
import type { Severity } from '../../finding.ts';
import { oneshotUnit, upheldByTarget } from '../../units-to-paste.ts';

interface Daemon {
  /** The program of the one daemon that is affected; absent: every implementation is. */
  readonly only?: string;
  readonly directory: RegExp;
  /** What makes it read them; a unit that runs it already is recognised by `known`, or by the command. */
  readonly command: string;
  readonly known?: string;
  readonly effect: string;
  /** `warning`: at every boot it starts before the merge; `info`: it starts after the merge. */
  readonly severity: Severity;
}

const RELOAD_BUS = 'busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig';

/** Daemons that have already read their files, or acted on them, when an extension is merged. */
const DAEMONS: readonly Daemon[] = [
  {
    directory: /^\/(?:usr\/lib|etc)\/udev\/rules\.d$/,
    command: 'udevadm trigger',
    effect: 'udev has already handled the present devices without these rules (udevadm trigger)',
    severity: 'warning',
  },
  {
    directory: /^\/(?:usr\/lib|etc)\/udev\/hwdb\.d$/,
    command: 'systemd-hwdb update',
    effect: 'the hardware database was compiled without it (systemd-hwdb update)',
    severity: 'warning',
  },
  {
    directory: /^\/(?:usr\/share|etc)\/dbus-1\/system\.d$/,
    command: RELOAD_BUS,
    known: 'ReloadConfig',
    effect: 'a running bus does not know it (systemctl reload dbus)',
    severity: 'info',
  },
  {
    // dbus-daemon searches again for a service that it does not know
    only: '/usr/bin/dbus-broker-launch',
    directory: /^\/usr\/share\/dbus-1\/system-services$/,
    command: RELOAD_BUS,
    known: 'ReloadConfig',
    effect: 'a running dbus-broker does not know it (systemctl reload dbus)',
    severity: 'info',
  },
];

export const needsReload = defineEntryCheck(
  'activation/needs-reload',
  {
    title: 'A running daemon does not notice a file',
    means:
      'The extension ships udev rules, hardware database entries, D-Bus policies or D-Bus services. The daemon that ' +
      'reads them has started, or has handled its devices, before the extension is merged.',
    matters:
      'udev handles all devices early at boot, so permissions and links from the new rules are missing until a device ' +
      'is plugged in again. The system bus starts after the merge at boot, but on a running system it rejects names ' +
      'for which it has no policy. (dbus-daemon finds new services by itself; dbus-broker does not.)',
    fix:
      'Run one of these from a oneshot unit that multi-user.target upholds: “udevadm trigger” (udev reloads its rules ' +
      'by itself), “systemd-hwdb update”, or “busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig”.',
  },
  ({ extension, path, kind }, { host }) => {
    const daemon = DAEMONS.find(({ directory }) => directory.test(parent(path)));
    if (!daemon || kind === 'directory') return undefined;
    const { command, known = command, effect, severity, only } = daemon;
    if (only !== undefined && host && follow(host.view, only).path === undefined) return undefined;
    if (runs(unitFiles(extension.view), known)) return undefined;
    return {
      severity,
      culprit: parent(path),
      message: `${path} is read too late: ${effect}`,
      fix: oneshotUnit(
        `${extension.name}-reload.service`,
        upheldByTarget(extension.name, `${extension.name}-reload.service`),
        `Files of ${extension.name}`,
        '',
        [command],
      ),
    };
  },
);
