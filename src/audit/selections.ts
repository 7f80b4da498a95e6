import type { Merge } from './merge.ts';
import { oncePer } from './once.ts';

/** Chooses entries of a merge: returns what a check wants to know of an entry, or `undefined`. */
type Choose<E, T> = (entry: E, merge: Merge) => T | undefined;

/**
 * Returns a function with which checks select entries of one sort. All of them look at an entry in turn, and nothing else
 * of it is kept: an extension can have a million entries, which must neither be walked by each check nor be kept in memory.
 *
 * @param entriesOf yields the entries of a merge
 */
export function selections<E>(
  entriesOf: (merge: Merge) => Iterable<E>,
): <T>(choose: Choose<E, T>) => (merge: Merge) => readonly T[] {
  const chooses: Choose<E, unknown>[] = [];
  const selected = oncePer((merge: Merge) => {
    const found = chooses.map((): unknown[] => []);
    for (const entry of entriesOf(merge))
      for (let i = 0; i < chooses.length; i++) {
        const chosen = chooses[i]!(entry, merge);
        if (chosen !== undefined) found[i]!.push(chosen);
      }
    return found;
  });
  return <T>(choose: Choose<E, T>) => {
    const index = chooses.push(choose) - 1;
    return (merge: Merge) => selected(merge)[index] as T[];
  };
}
