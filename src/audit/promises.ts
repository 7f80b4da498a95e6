import type { ExpectedEntry } from '../view/expected-entry.ts';

/** What the manifest of a tree says of its files. */
export interface Promises {
  /** Where the manifest is. */
  readonly manifest: string;
  readonly files: readonly ExpectedEntry[];
  /** Loaders of which it says that they are sealed, and what of each it says stays open nevertheless. */
  readonly sealed: readonly { readonly loader: string; readonly open: readonly string[] }[];
}
