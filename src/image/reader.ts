import type { Reader } from '../elf/reader.ts';
import type { EntryTable } from './entry-table.ts';

/** Reads one type of file system with its own tools, without a mount, from a file that contains nothing else. */
export interface FileSystemReader {
  /** The tools that this requires. */
  readonly tools: readonly string[];
  /** Lists every entry, parents first. Throws `FlixError`. */
  list(file: string): Promise<EntryTable>;
  /** Returns the complaints of the file system's own check; `undefined` if there are none or there is no such check. */
  check(file: string): Promise<string | undefined>;
  /**
   * Writes all entries into an existing, empty directory. Throws `FlixError`.
   *
   * @param entries what `list` returned
   */
  unpack(file: string, directory: string, entries: EntryTable): Promise<void>;
  /**
   * Gives access to the contents of all files without a file for each of them. Absent if there is no such way. Returns
   * `undefined` if this image needs to be unpacked. Throws `FlixError`.
   *
   * @param directory empty; what the contents need may be written into it
   */
  open?(
    file: string,
    directory: string,
    entries: EntryTable,
  ): Promise<{ readonly contents: Contents; readonly close: () => void } | undefined>;
}

/** Opens the file in a row of the table of entries. Throws `FlixError` if it is damaged. */
export type Contents = (row: number) => Reader;

/** Long enough for gigabytes on a slow disk. Stops a file system that is built to be endless. */
export const UNPACK_MS = 600_000;
export const LIST_MS = 120_000;
