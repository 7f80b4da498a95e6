import { memoised } from '../view/memo.ts';
import type { View } from '../view/view.ts';
import { namesIn, type UnitFile, unitFiles } from './unit-files.ts';

export const SYSEXT = 'systemd-sysext.service';

/** Units of a host that start before its extensions are merged. */
export function beforeMerge(host: View): ReadonlySet<string> {
  return predecessors(host, SYSEXT);
}

/** Whether a unit of the host waits until extensions are merged; `undefined`: the host has no such unit. */
export function waitsForMerge(host: View, name: string): boolean | undefined {
  if (!unitFiles(host).some(unit => unit.name === name)) return undefined;
  return predecessors(host, name).has(SYSEXT);
}

const predecessors = memoised((host, name): ReadonlySet<string> => {
  const units = unitFiles(host);
  const found = new Set<string>();
  const todo = [name];
  while (todo.length > 0) {
    const unit = todo.pop()!;
    const before = [
      ...units.filter(other => other.name === unit).flatMap(other => namesIn(other, 'Unit', 'After')),
      ...units.filter(other => namesIn(other, 'Unit', 'Before').includes(unit)).map(other => other.name),
    ];
    for (const other of before) if (!found.has(other) && found.add(other)) todo.push(other);
  }
  return found;
});

/** A command line of a unit runs this program. */
export function runs(units: readonly UnitFile[], program: string): boolean {
  return units.some(({ settings }) =>
    settings.some(({ key, value }) => key.startsWith('Exec') && value.includes(program)),
  );
}
