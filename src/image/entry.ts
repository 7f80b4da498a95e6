import { FlixError } from '../errors.ts';
import type { Kind } from '../view/view.ts';

/** A file, directory or link as the file system lists it, before anything is unpacked. */
export interface ImageEntry {
  /** Absolute, inside the file system. */
  readonly path: string;
  readonly kind: Kind;
  /** Permission bits with setuid, setgid and sticky (07777). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** In bytes; the length of its target for a link. */
  readonly size: number;
  /** Seconds since 1970; `undefined` if the tool does not report it. */
  readonly mtime?: number;
  /** The target of a link; `undefined` if the tool does not report it. */
  readonly link?: string;
  /** The extended attributes that matter to an extension, by name; absent if there are none. */
  readonly attributes?: ReadonlyMap<string, Buffer>;
  /** The offset from which a file consists of nothing but a hole; absent if it ends with data, or if the tool knows holes. */
  readonly holeFrom?: number;
}

/** For comparison: a 2 GB root has 72,000 files, whose paths have 5 million characters. */
const MAX_ENTRIES = 1_000_000;
const MAX_PATHS = 64 * 1024 * 1024;
/**
 * Counts the entries of a file system and the length of their paths while they are listed. A small image can have many
 * names below long paths, whose sum would not fit into memory.
 */
export class EntryBudget {
  #entries = MAX_ENTRIES;
  #paths = MAX_PATHS;

  /** Throws `FlixError` `hostile-image`. @param length of the path, in characters */
  take(length: number): void {
    if (--this.#entries < 0) throw hostile(`it contains more than ${MAX_ENTRIES} files`);
    this.#paths -= length;
    if (this.#paths < 0) throw hostile(`the paths of its files have more than ${MAX_PATHS} characters`);
  }
}

export function hostile(why: string): FlixError {
  return new FlixError('input', 'hostile-image', `the file system must not be unpacked: ${why}`);
}
