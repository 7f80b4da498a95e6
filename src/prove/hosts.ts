import { expectedOf } from '../plan/expected.ts';
import { hostResolver, mergedWith } from '../plan/host-bound/evaluate.ts';
import type { BoundToHosts } from '../plan/plan.ts';
import type { View } from '../view/view.ts';
import { compare } from './closures.ts';

/**
 * Resolves every file of a finished tree again on each host that it is made for. Throws `FlixError` `closure-differs` for
 * the first that does not load what is planned. Returns the number of closures.
 */
export function proveOnHosts({ hosts }: Pick<BoundToHosts, 'hosts'>, tree: View): number {
  let count = 0;
  for (const { view, label, interpreter, expected } of hosts) {
    const resolve = hostResolver(mergedWith(tree, view), interpreter);
    for (const closure of expected) {
      const found = expectedOf(closure.object, resolve(closure.object), closure.optional);
      compare(closure, found, `resolved again over ${label}, it`);
      count++;
    }
  }
  return count;
}
