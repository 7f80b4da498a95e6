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

/** As `memoised`, but keeps only the results that were used last, over all views. @param limit how many */
export function memoisedRecent<T>(
  limit: number,
  compute: (view: View, path: string) => T,
): (view: View, path: string) => T {
  const numbers = new WeakMap<View, number>();
  const known = new Map<string, T>();
  let views = 0;
  return (view, path) => {
    let number = numbers.get(view);
    if (number === undefined) numbers.set(view, (number = views++));
    const key = `${number}:${path}`;
    const value = known.has(key) ? known.get(key)! : compute(view, path);
    known.delete(key);
    known.set(key, value);
    if (known.size > limit) known.delete(known.keys().next().value!);
    return value;
  };
}
