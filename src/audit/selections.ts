import type { Merge } from './merge.ts';
import { oncePer } from './once.ts';

/** Returns what a check keeps of an entry; `undefined`: nothing. */
type Choose<E, T> = (entry: E, merge: Merge) => T | undefined;

/**
 * Returns a function by which checks register what they keep of the entries of a merge. The entries are walked once for all
 * checks, and only what a check returns is kept, because an extension can have a million entries.
 *
 * @param entriesOf yields the entries of a merge
 */
export function selections<E>(
  entriesOf: (merge: Merge) => Iterable<E>,
): <T>(choose: Choose<E, T>) => (merge: Merge) => readonly T[] {
  const registered: Choose<E, unknown>[] = [];
  const selected = oncePer((merge: Merge) => {
    const found = registered.map((): unknown[] => []);
    for (const entry of entriesOf(merge))
      for (let i = 0; i < registered.length; i++) {
        const chosen = registered[i]!(entry, merge);
        if (chosen !== undefined) found[i]!.push(chosen);
      }
    return found;
  });
  return <T>(choose: Choose<E, T>) => {
    const index = registered.push(choose) - 1;
    return (merge: Merge) => selected(merge)[index] as T[];
  };
}
