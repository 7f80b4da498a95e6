import type { WrappedTree } from '../audit/wrapped.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import type { View } from '../view/view.ts';

/** What the manifest of a tree says of its wrappers; `undefined`: it has none. */
export function wrappedIn(tree: View): WrappedTree | undefined {
  for (const { mode, prefix, entries, view } of manifestsIn(tree)) {
    // a manifest is a file like any other: it may have been edited
    if (mode !== 'flatwrap' || !Array.isArray(view?.needs) || !Array.isArray(entries)) continue;
    const needs = view.needs
      .filter(({ program, optional }) => typeof program === 'string' && !optional)
      .map(({ program, of, floor }) => ({ program, of, floor }));
    return { prefix, entries, needs };
  }
  return undefined;
}
