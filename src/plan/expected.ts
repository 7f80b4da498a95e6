import { reachable } from './library-names.ts';
import type { PlacedClosure } from './missing.ts';
import type { ExpectedClosure } from './plan.ts';

/**
 * What the finished tree must show when its own loader is asked.
 *
 * @param targets where each loaded object lies in the tree, by its identity
 */
export function expectedClosures(
  closures: readonly PlacedClosure[],
  targets: ReadonlyMap<string, string>,
  excluded: (name: string) => boolean,
): ExpectedClosure[] {
  return closures
    .filter(({ closure }) => closure.loader && closure.entry.id !== closure.loader.id)
    .map(({ target, closure }) => ({
      object: target,
      loads: [...reachable(closure, closure.entry, excluded)]
        .map(({ id, real }) => {
          const place = targets.get(id);
          if (place === undefined)
            throw new Error(`${real} is loaded by ${target} and has no place in the tree`);
          return place;
        })
        .sort(),
      lacks: lacking(closure.missing.map(({ name }) => name)),
    }));
}

function lacking(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
