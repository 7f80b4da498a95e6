import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { reachable } from './library-names.ts';
import { type PlacedClosure, servedNames } from './missing.ts';
import type { ExpectedClosure } from './plan.ts';
import type { Excluded } from './request.ts';

/**
 * What the finished tree must show when its own loader is asked.
 *
 * @param targets where each loaded object lies in the tree, by its identity
 */
export function expectedClosures(
  closures: readonly PlacedClosure[],
  targets: ReadonlyMap<string, string>,
  excluded: Excluded,
): ExpectedClosure[] {
  const served = servedNames(closures);
  return closures
    .filter(({ closure }) => closure.loader && closure.entry.id !== closure.loader.id)
    .map(({ target, closure }) => {
      const loaded = reachable(closure, closure.entry, excluded);
      const missing = closure.missing.map(({ name }) => name);
      const leftOut = [closure.entry, ...loaded]
        .flatMap(({ edges }) => edges.map(({ name }) => name))
        .filter(excluded);
      return {
        object: target,
        loads: [...loaded].map(object => placeOf(object, target, targets)).sort(),
        lacks: [...new Set([...missing.filter(name => !served.has(name)), ...leftOut])].sort(),
        servedMore: missing.some(name => served.has(name)),
      };
    });
}

function placeOf({ id, real }: LoadedObject, loadedBy: string, targets: ReadonlyMap<string, string>): string {
  const place = targets.get(id);
  if (place === undefined) throw new Error(`${real} is loaded by ${loadedBy} and has no place in the tree`);
  return place;
}

/** What a closure would load and may not. */
export function excludedNames(closure: Closure, excluded: Excluded): string[] {
  const loaded = [closure.entry, ...reachable(closure, closure.entry, excluded)];
  return loaded.flatMap(({ edges }) => edges.map(({ name }) => name)).filter(excluded);
}
