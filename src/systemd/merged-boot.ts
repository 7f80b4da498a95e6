import { follow } from '../view/follow.ts';
import { dataDirectories, softwareDirectories } from '../view/host-directories.ts';
import { basename, parent, within } from '../view/path.ts';
import { headOf, shebang } from '../view/text.ts';
import { ReadFailure, type View } from '../view/view.ts';
import { type Accounts, accountsOf, declaredBy, sysusersFiles } from './accounts.ts';
import { commandsOf, predecessors, waitsForMerge } from './boot-order.ts';
import { bootStart } from './boot-start.ts';
import { splitWords } from './exec-lines.ts';
import { expandSpecifiers } from './specifiers.ts';
import type { ExtensionRules } from './extension-type.ts';
import { ownDirectories } from './exec-faults.ts';
import type { StartRoot } from './start-fault.ts';
import { type Created, createdBy, tmpfilesFiles, tmpfilesLines, withCreated } from './tmpfiles.ts';
import { namesIn, type UnitFile, unitFiles, unitNamed, valuesOf, wholeUnit } from './unit-files.ts';

/** A boot of a host that merges extensions: what exists when a unit starts after the merge. */
export interface MergedBoot {
  readonly rootFor: (unit: UnitFile) => StartRoot;
  /** The accounts that exist when a unit starts. */
  readonly accountsFor: (unit: UnitFile) => Accounts;
  /** Whether something starts a unit during the boot. */
  readonly isStarted: (unit: string) => boolean;
}

type Brought = {
  readonly view: View;
  readonly layer: View;
  readonly rules: Pick<ExtensionRules, 'service' | 'hierarchies'>;
};

/** Directories of the running system that every boot fills. */
const ALWAYS = /^\/(?:dev|proc|sys|run\/(?:systemd|udev|lock|log|user|dbus|mount|credentials))(?:\/|$)/;

/**
 * @param merged the extensions laid over the host
 * @param host as it is before the merge
 */
export function mergedBoot(merged: View, host: View, extensions: readonly Brought[]): MergedBoot {
  const { boots, late } = bootStart(merged, host, extensions);
  /** Returns the extension that has a file; `undefined` also for a file that is only created at boot. */
  const broughtBy = (path: string) =>
    merged.kind(path) === undefined
      ? undefined
      : extensions.find(({ layer }) => merged.source(path).view === layer);
  /** Whether the service that reads a file at boot does so after the file was merged. */
  const isRead = (file: string, reader: string) => {
    const extension = broughtBy(file);
    return !extension || waitsForMerge(host, reader, extension.rules.service) !== false;
  };
  const tops = new Set(
    extensions.flatMap(({ view, rules }) => rules.hierarchies.filter(name => view.list('/').has(name))),
  );
  const isReadOnly = (path: string) => [...tops].some(name => within(`/${name}`, path));
  const atBoot = together([
    accountsOf(host),
    ...sysusersFiles(merged)
      .filter(file => isRead(file, 'systemd-sysusers.service'))
      .map(file => declaredBy(merged, file)),
  ]);
  const linesOf = (files: readonly string[], accounts: Accounts) =>
    files
      .flatMap(file => tmpfilesLines(merged, file))
      .filter(({ user, group }) => isKnown(accounts.users, user) && isKnown(accounts.groups, group));
  const units = new Map(unitFiles(merged).map(({ name }) => [name, wholeUnit(merged, name)!]));
  const isSetUp = (file: string) => isRead(file, 'systemd-tmpfiles-setup.service');
  const running = [...units.values()].filter(unit => boots(unit.name));
  const booted = withCreated(
    merged,
    combined([
      createdBy(merged, linesOf(tmpfilesFiles(merged).filter(isSetUp), atBoot)),
      ...running.flatMap(unit => [ownDirectories(unit), socketPaths(unit)]),
    ]),
  );

  /** The units that have run when a unit starts. */
  const before = (unit: UnitFile) => {
    const wanted = new Set(
      ['Requires', 'Wants', 'BindsTo'].flatMap(key =>
        namesIn(unit, 'Unit', key).map(name => unitNamed(merged, name)),
      ),
    );
    return [...predecessors(merged, unit.name)].flatMap(name => {
      const isRun = wanted.has(name) || boots(name) || late.has(name);
      return isRun && name !== unit.name ? (units.get(name) ?? []) : [];
    });
  };
  const accountsFor = (unit: UnitFile) =>
    together([
      atBoot,
      ...before(unit).flatMap(other =>
        commandsOf(other).flatMap(command =>
          filesRead(command, 'systemd-sysusers', sysusersFiles(merged))
            .filter(file => isRead(file, other.name))
            .map(file => declaredBy(merged, file)),
        ),
      ),
    ]);
  const createdByUnit = (other: UnitFile, accounts: Accounts): Created =>
    createdBy(
      merged,
      commandsOf(other)
        .filter(command => command.includes('--create'))
        .flatMap(command => filesRead(command, 'systemd-tmpfiles', tmpfilesFiles(merged)))
        .filter(file => isRead(file, other.name))
        .flatMap(file => linesOf([file], accounts)),
    );

  const rootFor = (unit: UnitFile): StartRoot => {
    const earlier = before(unit);
    const accounts = accountsFor(unit);
    const commands = earlier.flatMap(commandsOf);
    const ours = earlier.filter(({ path }) => broughtBy(path));
    const explicit = new Set(namesIn(unit, 'Unit', 'After').map(name => unitNamed(merged, name)));
    const hasService = earlier.some(
      ({ name }) => explicit.has(name) && name.endsWith('.service') && !name.startsWith('systemd-'),
    );
    const view = withCreated(
      booted,
      combined([
        ...earlier.map(other => createdByUnit(other, accounts)),
        ...ours.flatMap(other => [ownDirectories(other), socketPaths(other)]),
      ]),
    );
    return {
      view,
      mayExist: path =>
        ALWAYS.test(path) ||
        !isRecorded(path) ||
        (!isReadOnly(path) && commands.some(command => mentions(command, path))) ||
        (hasService && /^\/(?:run|var|tmp)\//.test(path)),
      isReadOnly,
      interpreterOf: path => (broughtBy(path) ? interpreterOf(merged, path) : undefined),
      hasUnit: name => {
        const main = unitNamed(merged, name);
        const template = main.replace(/@.*\./, '@.');
        const script = `/etc/init.d/${main.replace(/\.service$/, '')}`;
        // a root without systemd’s own targets is only part of a host
        const isOmitted = name.endsWith('.target') && !units.has('sysinit.target');
        return (
          isOmitted || units.has(main) || units.has(template) || follow(merged, script).path !== undefined
        );
      },
    };
  };
  return { rootFor, accountsFor, isStarted: name => boots(name) || late.has(name) };
}

/** Whether a profile of the host records a path, so that its absence is known. */
function isRecorded(path: string): boolean {
  return (
    [...softwareDirectories, '/run'].some(place => place !== '/srv' && within(place, path)) ||
    ['/', ...dataDirectories].includes(parent(path))
  );
}

/** Whether a command names a path, or its directory unless that is one that many share. */
function mentions(command: string, path: string): boolean {
  const directory = parent(path);
  return command.includes(path) || (directory.split('/').length > 3 && command.includes(directory));
}

/** The configuration files that a command reads if it runs a program: those that it names, or else all. */
function filesRead(command: string, program: string, files: readonly string[]): readonly string[] {
  const words = splitWords(command);
  const at = words.findIndex(word => basename(word.replace(/^[-@:+!|]+/, '')) === program);
  if (at < 0) return command.includes(program) ? files : [];
  const named = words.slice(at + 1).filter(word => word.endsWith('.conf'));
  return named.length === 0
    ? files
    : files.filter(file => named.some(name => name === file || name === basename(file)));
}

function socketPaths(unit: UnitFile): Created {
  return new Map(
    ['ListenStream', 'ListenDatagram', 'ListenSequentialPacket', 'ListenFIFO'].flatMap(key =>
      valuesOf(unit, 'Socket', key).flatMap(value => {
        const path = expandSpecifiers(value, unit.name);
        return path?.startsWith('/') ? [[path, 'other' as const] as const] : [];
      }),
    ),
  );
}

function combined(all: readonly Created[]): Created {
  return new Map(all.flatMap(created => [...created]));
}

function together(all: readonly Accounts[]): Accounts {
  return {
    users: new Set(all.flatMap(({ users }) => [...users])),
    groups: new Set(all.flatMap(({ groups }) => [...groups])),
  };
}

function isKnown(known: ReadonlySet<string>, account: string): boolean {
  return account === '' || account.includes('%') || /^\d+$/.test(account) || known.has(account);
}

function interpreterOf(view: View, path: string): string | undefined {
  try {
    return shebang(headOf(view, path))?.interpreter;
  } catch (error) {
    if (error instanceof ReadFailure) return undefined;
    throw error;
  }
}
