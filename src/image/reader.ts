import type { ImageEntry } from './entry.ts';

/** How one kind of file system is read: by its own tools, from a file that holds nothing else, without a mount. */
export interface FileSystemReader {
  /** The tools that it needs. */
  readonly tools: readonly string[];
  /** Every entry, parents first. Throws `FlixError`. */
  list(file: string): Promise<ImageEntry[]>;
  /** What the file system's own check finds, in its words; `undefined`: nothing, or it has none. */
  check(file: string): Promise<string | undefined>;
  /** Writes all entries into a directory that is there and empty. Throws `FlixError`. */
  unpack(file: string, directory: string): Promise<void>;
}

/** Long enough for gigabytes on a slow disk; a file system that is made to be endless ends here. */
export const UNPACK_MS = 600_000;
export const LIST_MS = 120_000;
