import type { ImageEntry } from './entry.ts';

/** Reads one type of file system with its own tools, without a mount, from a file that contains nothing else. */
export interface FileSystemReader {
  /** The tools that this requires. */
  readonly tools: readonly string[];
  /** Lists every entry, parents first. Throws `FlixError`. */
  list(file: string): Promise<ImageEntry[]>;
  /** Returns the complaints of the file system's own check; `undefined` if there are none or there is no such check. */
  check(file: string): Promise<string | undefined>;
  /**
   * Writes all entries into an existing, empty directory. Throws `FlixError`.
   *
   * @param entries what `list` returned
   */
  unpack(file: string, directory: string, entries: readonly ImageEntry[]): Promise<void>;
}

/** Long enough for gigabytes on a slow disk. Stops a file system that is built to be endless. */
export const UNPACK_MS = 600_000;
export const LIST_MS = 120_000;
