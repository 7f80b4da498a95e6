import { follow } from '../view/follow.ts';
import { basename, join, normalise } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { execFaults } from './exec-faults.ts';
import { expandSpecifiers } from './specifiers.ts';
import {
  fault,
  isExecutable,
  isThere,
  kindAt,
  type StartFault,
  type StartRoot,
  statAt,
  VOLATILE,
} from './start-fault.ts';
import { matchesAny } from './tmpfiles.ts';
import { isOn, namesIn, type Setting, type UnitFile, valuesOf } from './unit-files.ts';

/**
 * What prevents a unit from starting in a root (systemd.exec(5), systemd.service(5), systemd.socket(5), systemd.unit(5);
 * measured with systemd 252 and 257). Settings whose specifiers only the running system knows are not judged.
 *
 * @param unit with all its drop-ins
 */
export function startFaults(unit: UnitFile, root: StartRoot): StartFault[] {
  const type = /\.([a-z]+)$/.exec(unit.name)?.[1] ?? '';
  const faults = [...requirementFaults(unit, root), ...conditionFaults(unit, root)];
  // nothing else of a unit that is skipped is looked at
  if (faults.some(({ isSkipped }) => isSkipped)) return faults;
  if (type === 'service') faults.push(...serviceFaults(unit, root));
  if (type === 'socket') faults.push(...socketFaults(unit, root));
  if (['socket', 'timer', 'path'].includes(type)) faults.push(...triggerFaults(unit, root));
  return faults;
}

const TESTS: Readonly<Record<string, (view: View, path: string) => boolean>> = {
  PathExists: (view, path) => follow(view, path).path !== undefined,
  PathExistsGlob: matchesAny,
  PathIsDirectory: (view, path) => kindAt(view, path) === 'directory',
  PathIsSymbolicLink: (view, path) => {
    const at = follow(view, path.slice(0, path.lastIndexOf('/')) || '/').path;
    return at !== undefined && view.kind(join(at, basename(path))) === 'link';
  },
  FileNotEmpty: (view, path) => kindAt(view, path) === 'file' && statAt(view, path)?.size !== 0,
  FileIsExecutable: (view, path) => kindAt(view, path) === 'file' && isExecutable(view, path),
  DirectoryNotEmpty: (view, path) =>
    kindAt(view, path) === 'directory' && view.list(follow(view, path).path!).size > 0,
};

/** Conditions and assertions about paths. Those with `|` are alternatives. */
function conditionFaults(unit: UnitFile, root: StartRoot): StartFault[] {
  return (['Condition', 'Assert'] as const).flatMap(word => {
    const judged = testsOf(unit, word).map(({ key, value }) => {
      const [, sign = '', path = ''] = /^([|!]*)\s*(.*)$/s.exec(value)!;
      const expanded = expandSpecifiers(path, unit.name);
      const test = TESTS[key.slice(word.length)];
      const isNegated = sign.includes('!');
      const inside = key.endsWith('DirectoryNotEmpty') ? '/x' : '';
      const isUnknown =
        expanded === undefined || !test || VOLATILE.test(expanded) || root.mayExist(expanded + inside);
      const holds = isUnknown || test(root.view, expanded) !== isNegated;
      return { key, value, isAlternative: sign.includes('|'), isNegated, culprit: expanded ?? path, holds };
    });
    const alternatives = judged.filter(({ isAlternative }) => isAlternative);
    const failed = [
      ...judged.filter(({ isAlternative, holds }) => !isAlternative && !holds),
      ...(alternatives.some(({ holds }) => holds) ? [] : alternatives.slice(0, 1)),
    ];
    return failed.map(({ key, value, culprit, isNegated }) => ({
      key,
      value,
      culprit,
      because: isNegated ? 'exists' : key.endsWith('PathExists') ? 'does not exist' : 'does not meet it',
      effect: word === 'Assert' ? 'does not start: its assertion fails' : 'is skipped at every boot',
      isSkipped: word === 'Condition',
    }));
  });
}

/** An empty value discards all conditions, not only those of its key. */
function testsOf({ settings }: UnitFile, word: 'Condition' | 'Assert'): Setting[] {
  const found: Setting[] = [];
  for (const setting of settings) {
    if (setting.section !== 'Unit' || !setting.key.startsWith(word)) continue;
    if (setting.value === '') found.length = 0;
    else found.push(setting);
  }
  // other conditions may be the alternative that holds
  const unknown = found.some(({ key, value }) => value.startsWith('|') && !TESTS[key.slice(word.length)]);
  return found.filter(
    ({ key, value }) => TESTS[key.slice(word.length)] !== undefined && !(unknown && value.startsWith('|')),
  );
}

/** Units of these types have files; others may come from /etc/fstab, devices or generators. */
const WITH_FILE = /^(?!systemd-).*\.(?:service|socket|target|timer|path)$/;

function requirementFaults(unit: UnitFile, { hasUnit }: StartRoot): StartFault[] {
  return ['Requires', 'BindsTo', 'Requisite'].flatMap(key =>
    namesIn(unit, 'Unit', key).flatMap(value => {
      const name = expandSpecifiers(value, unit.name);
      if (name === undefined || !WITH_FILE.test(name) || hasUnit(name)) return [];
      return [fault(key, value, { culprit: name, because: 'does not exist', effect: 'does not start' })];
    }),
  );
}

function triggerFaults(unit: UnitFile, { hasUnit }: StartRoot): StartFault[] {
  const [, stem = '', type = ''] = /^(.*)\.([a-z]+)$/.exec(unit.name)!;
  const section = type[0]!.toUpperCase() + type.slice(1);
  if (type === 'socket' && isOn(unit, section, 'Accept', false)) return [];
  const key = type === 'socket' ? 'Service' : 'Unit';
  const value = valuesOf(unit, section, key).at(-1) ?? `${stem}.service`;
  const name = expandSpecifiers(value, unit.name);
  if (name === undefined || !WITH_FILE.test(name) || hasUnit(name)) return [];
  return [
    fault(key, value, {
      culprit: name,
      because: 'does not exist',
      effect: `does not start: it has nothing to activate`,
    }),
  ];
}

/** Settings of a socket with paths that systemd creates, and the status of the failure. */
const LISTENERS = ['ListenStream', 'ListenDatagram', 'ListenSequentialPacket', 'ListenFIFO'];

function socketFaults(unit: UnitFile, root: StartRoot): StartFault[] {
  const created = LISTENERS.flatMap(key =>
    valuesOf(unit, 'Socket', key).flatMap(value => {
      const path = expandSpecifiers(value, unit.name);
      if (path === undefined || !path.startsWith('/') || !root.isReadOnly(normalise(path))) return [];
      const effect = 'fails with “resources”';
      return [
        fault(key, value, {
          culprit: path,
          because: 'is below a directory that the merge makes read-only',
          effect,
        }),
      ];
    }),
  );
  const special = valuesOf(unit, 'Socket', 'ListenSpecial').flatMap(value => {
    const path = expandSpecifiers(value, unit.name);
    if (path === undefined || isThere(root, path) || /^\/(?:dev|proc|sys)\//.test(path)) return [];
    const effect = 'fails with “resources”';
    return [fault('ListenSpecial', value, { culprit: path, because: 'does not exist', effect })];
  });
  return [...created, ...special, ...execFaults(unit, 'Socket', ['ExecStartPre', 'ExecStartPost'], root)];
}

function serviceFaults(unit: UnitFile, root: StartRoot): StartFault[] {
  const commands = ['ExecStart', 'ExecStop'].flatMap(key => valuesOf(unit, 'Service', key));
  const isOneshot = valuesOf(unit, 'Service', 'Type').at(-1) === 'oneshot';
  const starts = valuesOf(unit, 'Service', 'ExecStart').length > 0;
  const ends = valuesOf(unit, 'Unit', 'SuccessAction').length > 0;
  if (commands.length === 0 && !ends)
    return [
      fault('ExecStart', '', {
        culprit: 'ExecStart=',
        because: 'is not set',
        effect: 'is refused by systemd (bad-setting)',
      }),
    ];
  if (!starts && !isOneshot && !isOn(unit, 'Service', 'RemainAfterExit', false) && !ends) return [];
  return [
    ...environmentFaults(unit, root),
    ...execFaults(unit, 'Service', ['ExecCondition', 'ExecStartPre', 'ExecStart', 'ExecStartPost'], root),
  ];
}

/** The manager itself reads these files, outside of the root and the namespace of the service, before each command. */
function environmentFaults(unit: UnitFile, root: StartRoot): StartFault[] {
  return valuesOf(unit, 'Service', 'EnvironmentFile').flatMap(value => {
    const path = expandSpecifiers(value, unit.name);
    // the manager ignores a path that is not absolute
    if (path === undefined || !path.startsWith('/')) return [];
    const isPattern = /[*?[]/.test(path);
    if (isPattern ? matchesAny(root.view, path) : kindAt(root.view, path) === 'file') return [];
    if (root.mayExist(path)) return [];
    const kind = isPattern ? undefined : kindAt(root.view, path);
    if (kind === 'other') return [];
    const because = isPattern
      ? 'matches no file'
      : kind === 'directory'
        ? 'is a directory'
        : 'does not exist';
    return [fault('EnvironmentFile', value, { culprit: path, because, effect: 'fails with “resources”' })];
  });
}
