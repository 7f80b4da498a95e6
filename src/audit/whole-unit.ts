import { isTrue } from '../view/boolean.ts';
import { memoised } from '../view/memo.ts';
import { basename } from '../view/path.ts';
import { type UnitFile, unitFiles, valuesOf } from './unit-files.ts';

/**
 * A unit as systemd reads it: of its files the most important, and after it the drop-ins, sorted by name (systemd.unit(5)).
 * `undefined`: there is neither.
 */
export const wholeUnit = memoised((view, name): UnitFile | undefined => {
  const files = unitFiles(view).filter(unit => unit.name === name);
  const main = files.find(({ isDropIn }) => !isDropIn);
  const dropIns = new Map<string, UnitFile>();
  for (const file of files)
    if (file.isDropIn && !dropIns.has(basename(file.path))) dropIns.set(basename(file.path), file);
  const inOrder = [...dropIns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, file]) => file);
  const first = main ?? inOrder[0];
  if (!first) return undefined;
  const settings = [...(main?.settings ?? []), ...inOrder.flatMap(file => file.settings)];
  return { ...first, name, settings };
});

/** What holds in the end of a setting that is a boolean. */
export function isOn(unit: UnitFile, section: string, key: string, otherwise: boolean): boolean {
  const value = valuesOf(unit, section, key).at(-1);
  return value === undefined ? otherwise : isTrue(value);
}
