import { accountsOf, declaredBy } from '../../../systemd/accounts.ts';
import { runs, waitsForMerge } from '../../../systemd/boot-order.ts';
import { isOn, namesIn, type UnitFile, unitFiles, valuesOf, wholeUnit } from '../../../systemd/unit-files.ts';
import { type MergedBoot, mergedBoot } from '../../../systemd/merged-boot.ts';
import { tmpfilesFiles, tmpfilesLines } from '../../../systemd/tmpfiles.ts';
import { basename, parent } from '../../../view/path.ts';
import { readText } from '../../../view/text.ts';
import type { View } from '../../../view/view.ts';
import { defineCheck, type Observation } from '../../check.ts';
import type { Extension } from '../../extension.ts';
import { oneshotUnit, requiredBy, upheldByTarget } from '../../units-to-paste.ts';
import type { Merge } from '../../merge.ts';
import { selectShown } from '../../shown-entries.ts';

interface EarlyReader {
  /** Its name below /usr/lib and /etc. */
  readonly directory: string;
  readonly program: string;
  readonly unit: string;
  readonly effect: string;
  /** The command line that does the same for one file, and its lines without comments. */
  readonly command: (path: string, lines: readonly string[]) => string;
}

/** Services that read their files once, at boot. */
const EARLY_READERS: readonly EarlyReader[] = [
  {
    directory: 'sysusers.d',
    program: 'systemd-sysusers',
    unit: 'systemd-sysusers.service',
    effect: 'the users and groups are not created',
    command: path => `systemd-sysusers ${basename(path)}`,
  },
  {
    directory: 'tmpfiles.d',
    program: 'systemd-tmpfiles',
    unit: 'systemd-tmpfiles-setup.service',
    effect: 'the files and directories are not created',
    command: path => `systemd-tmpfiles --create ${basename(path)}`,
  },
  {
    directory: 'modules-load.d',
    program: 'modprobe',
    unit: 'systemd-modules-load.service',
    effect: 'the modules are not loaded',
    command: (_, lines) => `modprobe -a ${lines.join(' ')}`,
  },
  {
    directory: 'sysctl.d',
    program: 'sysctl',
    unit: 'systemd-sysctl.service',
    effect: 'the parameters are not set',
    command: path => `/usr/lib/systemd/systemd-sysctl ${path}`,
  },
  {
    directory: 'binfmt.d',
    program: 'systemd-binfmt',
    unit: 'systemd-binfmt.service',
    effect: 'the formats are not registered',
    command: path => `/usr/lib/systemd/systemd-binfmt ${path}`,
  },
];

export const ranBeforeMerge = defineCheck(
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
  ({ merge }) => [...find(merge)],
);

const configuration = selectShown(({ extension, path, kind }) => {
  if (kind === 'directory' || !path.endsWith('.conf')) return undefined;
  const reader = EARLY_READERS.find(({ directory }) => isConfiguration(path, directory));
  return reader && { extension, path, reader };
});

function* find(merge: Merge): Generator<Observation> {
  const { host, view } = merge;
  if (!host) return;
  let boot: MergedBoot | undefined;
  for (const { extension, path, reader } of configuration(merge)) {
    const { program, effect } = reader;
    const unit = isOfDevices(view, path) ? 'systemd-tmpfiles-setup-dev.service' : reader.unit;
    if (waitsForMerge(host.view, unit, extension.rules.service) !== false) continue;
    if (reader.directory === 'sysusers.d') boot ??= mergedBoot(view, host.view, merge.extensions);
    const late = boot && reader.directory === 'sysusers.d' ? lateAccount(merge, boot, path) : undefined;
    const startable = unitFiles(extension.view).filter(file => canStart(file, merge, host.view));
    if (!late && runs(startable, program)) continue;
    yield {
      severity: late ? 'error' : 'warning',
      extension,
      subject: path,
      culprit: unit,
      message: late
        ? `${unit} does not wait for the merge and misses ${path} at boot, so ${late.user} fails: the account ${late.account} does not exist yet`
        : `${unit} does not wait for the merge and misses ${path} at boot: ${effect}`,
      fix: late
        ? accountsUnit(extension, path, late.user)
        : workUnit(extension, path, reader, linesOf(view, path)),
    };
  }
}

/** A unit that needs an account of a sysusers.d file before that file is read. */
function lateAccount(
  { extensions, host, view }: Merge,
  boot: MergedBoot,
  file: string,
): { readonly user: string; readonly account: string } | undefined {
  const declared = declaredBy(view, file);
  const names = new Set(extensions.flatMap(extension => unitFiles(extension.view).map(({ name }) => name)));
  for (const name of names) {
    const unit = wholeUnit(view, name);
    if (!unit) continue;
    const [users, groups] = requiredAccounts(unit);
    const known = boot.accountsFor(unit);
    const account =
      users.find(user => declared.users.has(user) && !known.users.has(user)) ??
      groups.find(group => declared.groups.has(group) && !known.groups.has(group));
    if (account !== undefined) return { user: name, account };
  }
  const atBoot = accountsOf(host!.view);
  for (const lines of tmpfilesFiles(view).map(path => tmpfilesLines(view, path)))
    for (const { file: path, user, group } of lines) {
      const account =
        declared.users.has(user) && !atBoot.users.has(user)
          ? user
          : declared.groups.has(group) && !atBoot.groups.has(group)
            ? group
            : undefined;
      const names2 = extensions.flatMap(extension => unitFiles(extension.view));
      if (account !== undefined && !runs(names2, 'systemd-tmpfiles')) return { user: path, account };
    }
  return undefined;
}

/** The users and groups that a unit needs in order to start. */
function requiredAccounts(unit: UnitFile): [users: string[], groups: string[]] {
  const last = (section: string, key: string) => valuesOf(unit, section, key).slice(-1);
  const sockets = [last('Socket', 'SocketUser'), last('Socket', 'SocketGroup')] as const;
  if (isOn(unit, 'Service', 'DynamicUser', false)) return [[...sockets[0]], [...sockets[1]]];
  return [
    [...last('Service', 'User'), ...sockets[0]],
    [...last('Service', 'Group'), ...namesIn(unit, 'Service', 'SupplementaryGroups'), ...sockets[1]],
  ];
}

/** The advice with a unit to paste, for an account that a unit or a line of tmpfiles needs. */
function accountsUnit({ name }: Extension, file: string, user: string): string {
  const unit = `${name}-accounts.service`;
  const ofUnit = !user.endsWith('.conf');
  const place = ofUnit ? requiredBy(user, unit) : upheldByTarget(name, unit);
  const commands = [
    `systemd-sysusers ${basename(file)}`,
    ...(ofUnit ? [] : [`systemd-tmpfiles --create ${basename(user)}`]),
  ];
  return oneshotUnit(unit, place, `Accounts of ${name}`, ' systemd-sysusers.service', commands);
}

/** The same for what no unit of the extension visibly needs. */
function workUnit(
  { name }: Extension,
  file: string,
  { directory, command }: EarlyReader,
  lines: readonly string[],
): string {
  const unit = `${name}-${directory.replace('.d', '')}.service`;
  return oneshotUnit(unit, upheldByTarget(name, unit), `${directory} of ${name}`, '', [command(file, lines)]);
}

function linesOf(view: View, path: string): string[] {
  return (readText(view, path) ?? '').split('\n').filter(line => /^\s*[^\s#;]/.test(line));
}

function isConfiguration(path: string, directory: string): boolean {
  return [`/usr/lib/${directory}`, `/etc/${directory}`].includes(parent(path));
}

/** A separate service creates entries below /dev, early at boot. */
function isOfDevices(view: View, path: string): boolean {
  if (!isConfiguration(path, 'tmpfiles.d')) return false;
  return linesOf(view, path).some(line => /^\s*\S+\s+"?\/dev\//.test(line));
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
