import type { ExpectedEntry } from '../manifest/expected-entry.ts';

/** What the manifest of a tree says of its files. */
export interface Promises {
  /** Where the manifest is. */
  readonly manifest: string;
  readonly files: readonly ExpectedEntry[];
  /** Loaders of which it says that they are sealed, and what of each it says stays open nevertheless. */
  readonly sealed: readonly { readonly loader: string; readonly open: readonly string[] }[];
}

/** A manifest that flix wrote and that cannot be read: what it promises is not known. */
export interface UnreadableManifest {
  /** Where it is. */
  readonly manifest: string;
  readonly flaw: 'no JSON' | 'wrong member' | 'newer schema';
  /** As it goes on after the path. */
  readonly because: string;
}
