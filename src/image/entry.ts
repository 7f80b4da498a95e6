import { FlixError } from '../errors.ts';
import type { Kind } from '../view/view.ts';
import { parent } from '../view/path.ts';

/** What a file system says that it holds, before any of it is unpacked. */
export interface ImageEntry {
  /** Absolute, inside the file system. */
  readonly path: string;
  readonly kind: Kind;
  /** Permission bits with setuid, setgid and sticky (07777). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** In bytes; of a link, the length of its text. */
  readonly size: number;
  /** Seconds since 1970; `undefined`: the tool does not say. */
  readonly mtime?: number;
  /** The text of a link; `undefined`: the tool does not say. */
  readonly link?: string;
  /** Extended ones that tell something of an extension, by name; absent: it has none of them. */
  readonly attributes?: ReadonlyMap<string, Buffer>;
}

/** A root of 2 GB has 72,000 files. */
export const MAX_ENTRIES = 1_000_000;
/** What an image may unpack to: compressed text gives twenty times its size, zeros ten thousand times. */
const MAX_RATIO = 200;
const ALWAYS_FINE = 1024 ** 3;

/**
 * Refuses what must not be unpacked: names that lead elsewhere, two entries of one name (a link, and then a file through
 * it), a file below what is no directory, more than fits. Throws `FlixError` `hostile-image`.
 *
 * @param imageSize in bytes
 * @returns the size of all files, in bytes
 */
export function checkEntries(entries: readonly ImageEntry[], imageSize: number): number {
  const kinds = new Map<string, Kind>([['/', 'directory']]);
  let total = 0;
  for (const { path, kind, size } of entries) {
    if (path === '/') continue;
    if (!isPlain(path)) throw hostile(`it holds ${JSON.stringify(path)}, which is no path inside it`);
    if (kinds.has(path)) throw hostile(`it holds ${path} twice`);
    if (kinds.get(parent(path)) !== 'directory') throw hostile(`it holds ${path} in what is no directory`);
    kinds.set(path, kind);
    if (kind === 'file') total += size;
  }
  if (total > ALWAYS_FINE && total > imageSize * MAX_RATIO)
    throw hostile(`its files would take ${total} bytes, ${Math.round(total / imageSize)} times its own size`);
  return total;
}

export function tooMany(): FlixError {
  return hostile(`it holds more than ${MAX_ENTRIES} files`);
}

export function hostile(why: string): FlixError {
  return new FlixError('input', 'hostile-image', `the file system is not unpacked: ${why}`);
}

function isPlain(path: string): boolean {
  const [first, ...names] = path.split('/');
  return (
    first === '' && names.every(name => name !== '' && name !== '.' && name !== '..') && !path.includes('\0')
  );
}
