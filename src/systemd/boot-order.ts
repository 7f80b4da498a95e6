import { extensionRules } from './extension-type.ts';
import { memoised } from '../view/memo.ts';
import type { View } from '../view/view.ts';
import { isOn, namesIn, type UnitFile, unitFiles, unitNamed, valuesOf, wholeUnit } from './unit-files.ts';

/** Orderings that hold on every host: those of the merging services in every release, and of targets (systemd.special(7)). */
const ALWAYS: readonly (readonly [before: string, after: string])[] = [
  ['local-fs-pre.target', 'local-fs.target'],
  ...Object.values(extensionRules).flatMap(({ service }): [string, string][] => [
    ['local-fs.target', service],
    [service, 'sysinit.target'],
  ]),
  ['sysinit.target', 'basic.target'],
];

/** Whether a unit of the host is ordered after the service that merges; `undefined`: the host has no such unit. */
export function waitsForMerge(host: View, name: string, service: string): boolean | undefined {
  return wholeUnit(host, name) && predecessors(host, name).has(service);
}

/** All units that start before a unit if they are part of the same transaction. */
export const predecessors = memoised((view, name): ReadonlySet<string> => {
  const found = new Set<string>();
  const todo = [name];
  while (todo.length > 0)
    for (const other of order(view, '/').get(todo.pop()!) ?? [])
      if (!found.has(other) && found.add(other)) todo.push(other);
  return found;
});

/** The units before which a unit is ordered, by its settings or by its type. */
export function orderedBefore(unit: UnitFile): string[] {
  return [...namesIn(unit, 'Unit', 'Before'), ...implied(unit).before];
}

/** The units after which a unit is ordered, by its settings or by its type. */
export function orderedAfter(unit: UnitFile): string[] {
  return [...namesIn(unit, 'Unit', 'After'), ...implied(unit).after];
}

/** The direct predecessors of each unit. */
const order = memoised((view): ReadonlyMap<string, ReadonlySet<string>> => {
  const known = new Map<string, Set<string>>();
  const add = (one: string, other: string) => {
    const [before, after] = [unitNamed(view, one), unitNamed(view, other)];
    void (known.get(after)?.add(before) ?? known.set(after, new Set([before])));
  };
  for (const [before, after] of ALWAYS) add(before, after);
  for (const name of new Set(unitFiles(view).map(unit => unit.name))) {
    const unit = wholeUnit(view, name)!;
    for (const other of orderedAfter(unit)) add(other, name);
    for (const other of orderedBefore(unit)) add(name, other);
  }
  return known;
});

const NETWORK = /^(?:afs|ceph|cifs|gfs|gfs2|glusterfs|lustre|ncpfs|nfs|nfs4|ocfs2|smb3|sshfs|9p)$/;

/** The ordering that the type of a unit implies (systemd.service(5), systemd.mount(5) and so on, “Default Dependencies”). */
function implied(unit: UnitFile): { readonly before: readonly string[]; readonly after: readonly string[] } {
  const type = /\.([a-z]+)$/.exec(unit.name)?.[1] ?? '';
  if (!isOn(unit, 'Unit', 'DefaultDependencies', true)) return { before: [], after: [] };
  if (['service', 'socket', 'timer', 'path'].includes(type)) return { before: [], after: ['sysinit.target'] };
  if (type !== 'mount') return { before: [], after: [] };
  const isRemote =
    valuesOf(unit, 'Mount', 'Type').some(value => NETWORK.test(value)) ||
    valuesOf(unit, 'Mount', 'Options').some(value => value.split(',').includes('_netdev'));
  return isRemote
    ? { before: ['remote-fs.target'], after: ['remote-fs-pre.target'] }
    : { before: ['local-fs.target'], after: ['local-fs-pre.target'] };
}

/** Whether a command line of these units names a program. */
export function runs(units: readonly UnitFile[], program: string): boolean {
  return units.some(unit => commandsOf(unit).some(command => command.includes(program)));
}

/** The command lines of a unit, from every kind of Exec setting. */
export function commandsOf({ settings }: UnitFile): string[] {
  return settings.flatMap(({ key, value }) => (key.startsWith('Exec') ? [value] : []));
}
