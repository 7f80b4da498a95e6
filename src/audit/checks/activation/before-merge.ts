import { accountsOf } from '../../../systemd/accounts.ts';
import { runs, waitsForMerge } from '../../../systemd/boot-order.ts';
import { isOn, namesIn, type UnitFile, unitFiles, wholeUnit } from '../../../systemd/unit-files.ts';
import { parent } from '../../../view/path.ts';
import { readText } from '../../../view/text.ts';
import type { View } from '../../../view/view.ts';
import { defineEntryCheck } from '../../check.ts';
import type { Merge } from '../../merge.ts';

interface EarlyReader {
  /** Its name below /usr/lib and /etc. */
  readonly directory: string;
  readonly program: string;
  readonly unit: string;
  readonly effect: string;
}

/** Services that read their files once, at boot. */
const EARLY_READERS: readonly EarlyReader[] = [
  {
    directory: 'sysusers.d',
    program: 'systemd-sysusers',
    unit: 'systemd-sysusers.service',
    effect: 'the users and groups are not created',
  },
  {
    directory: 'tmpfiles.d',
    program: 'systemd-tmpfiles',
    unit: 'systemd-tmpfiles-setup.service',
    effect: 'the files and directories are not created',
  },
  {
    directory: 'modules-load.d',
    program: 'modprobe',
    unit: 'systemd-modules-load.service',
    effect: 'the modules are not loaded',
  },
  {
    directory: 'sysctl.d',
    program: 'sysctl',
    unit: 'systemd-sysctl.service',
    effect: 'the parameters are not set',
  },
  {
    directory: 'binfmt.d',
    program: 'systemd-binfmt',
    unit: 'systemd-binfmt.service',
    effect: 'the formats are not registered',
  },
];

export const ranBeforeMerge = defineEntryCheck(
  'activation/before-merge',
  {
    title: 'A file is read before the merge',
    means:
      'The extension contains files for sysusers, tmpfiles, modules-load, sysctl or binfmt. A service of the host ' +
      'reads them once at boot and does not wait for systemd-sysext.service. (In common releases tmpfiles waits, ' +
      'except for entries below /dev; then nothing is reported.)',
    matters:
      'At every boot the users, directories, modules or parameters are missing when the extension’s service ' +
      'starts. If both run at the same time, they are sometimes there.',
    fix:
      'Let a unit of the extension do the work. For accounts, write a separate oneshot service with ' +
      'ExecStart=systemd-sysusers NAME.conf that the other service requires and is ordered after; ' +
      'ExecStartPre=+systemd-sysusers in a service with User= is too late, because the user must exist before any ' +
      'of its commands. For files, use ExecStartPre=+systemd-tmpfiles --create NAME.conf. Alternatives are ' +
      'StateDirectory=, DynamicUser=, and a modprobe@.service that the unit wants.',
  },
  ({ extension, path, kind }, merge) => {
    const { host, view } = merge;
    const reader = EARLY_READERS.find(({ directory }) => isConfiguration(path, directory));
    if (!host || !reader || kind === 'directory' || !path.endsWith('.conf')) return undefined;
    const { program, effect } = reader;
    const unit = isOfDevices(view, path) ? 'systemd-tmpfiles-setup-dev.service' : reader.unit;
    if (waitsForMerge(host.view, unit, extension.rules.service) !== false) return undefined;
    const startable = unitFiles(extension.view).filter(file => canStart(file, merge, host.view));
    if (runs(startable, program)) return undefined;
    return {
      culprit: unit,
      message: `${unit} does not wait for the merge and misses ${path} at boot: ${effect}`,
      fix: `Run ${program} from a unit that starts after the merge and before the unit that needs it.`,
    };
  },
);

function isConfiguration(path: string, directory: string): boolean {
  return [`/usr/lib/${directory}`, `/etc/${directory}`].includes(parent(path));
}

/** A separate service creates entries below /dev, early at boot. */
function isOfDevices(view: View, path: string): boolean {
  if (!isConfiguration(path, 'tmpfiles.d')) return false;
  const lines = (readText(view, path) ?? '').split('\n').filter(line => /^\s*[^\s#]/.test(line));
  return lines.some(line => /^\s*\S+\s+"?\/dev\//.test(line));
}

/** Whether the unit’s accounts exist; until then systemd runs none of its commands, not even one with “+”. */
function canStart({ name }: UnitFile, { view }: Merge, host: View): boolean {
  const unit = wholeUnit(view, name)!;
  const { users, groups } = accountsOf(host);
  return (
    isOn(unit, 'Service', 'DynamicUser', false) ||
    (namesIn(unit, 'Service', 'User').every(user => users.has(user)) &&
      namesIn(unit, 'Service', 'Group').every(group => groups.has(group)))
  );
}
