import type { Closure } from '../resolve/closure.ts';
import { excludedNames } from './expected.ts';
import type { Placed } from './gather.ts';
import { judgeMissing, type PlacedClosure } from './missing.ts';
import type { Remark } from '../manifest/manifest.ts';
import type { PlanRequest } from './request.ts';

/** What files of the tree load, and what is to be said of it. Throws `FlixError` where something is missing. */
export function resolvePlaced(
  { excluded, strict }: Pick<PlanRequest, 'excluded' | 'strict'>,
  placed: readonly Placed[],
  resolve: (path: string) => Closure,
): { readonly closures: readonly PlacedClosure[]; readonly remarks: readonly Remark[] } {
  const closures = placed.map(({ role, path, target }): PlacedClosure => ({
    role,
    target,
    closure: resolve(path),
  }));
  const remarks = judgeMissing(closures, excluded, strict);
  for (const { target, closure } of closures)
    for (const name of new Set(excludedNames(closure, excluded)))
      remarks.push({
        code: 'library-left-out',
        file: target,
        message: `${name} is left out: ${excluded(name)}`,
      });
  return { closures, remarks };
}
