import type { View } from './view.ts';

/** Returns a function that remembers each result per view and path, for as long as the view exists. */
export function memoised<T>(compute: (view: View, path: string) => T): (view: View, path: string) => T {
  const views = new WeakMap<View, Map<string, T>>();
  return (view, path) => {
    let known = views.get(view);
    if (!known) views.set(view, (known = new Map<string, T>()));
    const remembered = known.get(path);
    if (remembered !== undefined || known.has(path)) return remembered as T;
    const value = compute(view, path);
    known.set(path, value);
    return value;
  };
}
