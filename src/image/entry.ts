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

/** Returns the kind that the `S_IFMT` bits of a mode stand for (inode(7)). */
export function kindOfMode(mode: number): Kind {
  switch (mode >> 12) {
    case 0o10:
      return 'file';
    case 0o04:
      return 'directory';
    case 0o12:
      return 'link';
    default:
      return 'other';
  }
}

/** The longest path that a system call takes, and the longest target of a link (Linux include/uapi/linux/limits.h). */
export const PATH_MAX = 4096;
/** For comparison: a 2 GB root has 72,000 files, whose paths have 5 million characters. */
const MAX_ENTRIES = 1_000_000;
const MAX_PATHS = 64 * 1024 * 1024;
const MAX_LINKS = 64 * 1024 * 1024;

/**
 * Counts the entries of a file system and the length of their paths and links while they are listed. A small image can
 * have many names below long paths or of one link, whose sum would not fit into memory, or directories nested so deeply that
 * recursion overflows the stack.
 */
export class EntryBudget {
  #entries = MAX_ENTRIES;
  #paths = MAX_PATHS;
  #links = MAX_LINKS;

  /** Counts an entry. Throws `FlixError` `hostile-image`. @param length of its path, in characters */
  take(length: number): void {
    if (length > PATH_MAX) throw hostile('its directories are nested too deeply');
    if (--this.#entries < 0) throw hostile(`it contains more than ${MAX_ENTRIES} files`);
    this.#paths -= length;
    if (this.#paths < 0) throw hostile(`the paths of its files have more than ${MAX_PATHS} characters`);
  }

  /** Counts the target of a link. Throws `FlixError` `hostile-image`. @param length in characters */
  takeLink(length: number): void {
    this.#links -= length;
    if (this.#links < 0) throw hostile(`the targets of its links have more than ${MAX_LINKS} characters`);
  }
}

export function hostile(why: string): FlixError {
  return new FlixError('input', 'hostile-image', `the file system must not be unpacked: ${why}`);
}
