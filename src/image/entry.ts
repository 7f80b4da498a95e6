import { FlixError } from '../errors.ts';
import type { Kind } from '../view/view.ts';
import { parent } from '../view/path.ts';

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
}

/** For comparison: a 2 GB root has 72,000 files, whose paths have 5 million characters. */
const MAX_ENTRIES = 1_000_000;
const MAX_PATHS = 64 * 1024 * 1024;
/** How many times its own size an image may unpack to. Text compresses to a twentieth, zeros to a ten-thousandth. */
const MAX_RATIO = 200;
const ALWAYS_FINE = 1024 ** 3;

/**
 * Refuses entries that must not be unpacked: names that lead outside, two entries with the same name (a link, then a file
 * written through it), a file inside something other than a directory, or too much data. Throws `FlixError`
 * `hostile-image`.
 *
 * @param imageSize in bytes
 * @returns the total size of the files, in bytes
 */
export function checkEntries(entries: readonly ImageEntry[], imageSize: number): number {
  const kinds = new Map<string, Kind>([['/', 'directory']]);
  let total = 0;
  for (const { path, kind, size } of entries) {
    if (path === '/') continue;
    if (!isPlain(path)) throw hostile(`it contains ${JSON.stringify(path)}, which is not a path inside it`);
    if (kinds.has(path)) throw hostile(`it contains ${path} twice`);
    if (kinds.get(parent(path)) !== 'directory')
      throw hostile(`it contains ${path} inside something that is not a directory`);
    kinds.set(path, kind);
    if (kind === 'file') total += size;
  }
  if (total > ALWAYS_FINE && total > imageSize * MAX_RATIO)
    throw hostile(`its files would take ${total} bytes, ${Math.round(total / imageSize)} times its own size`);
  return total;
}

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

function isPlain(path: string): boolean {
  const [first, ...names] = path.split('/');
  return (
    first === '' && names.every(name => name !== '' && name !== '.' && name !== '..') && !path.includes('\0')
  );
}
