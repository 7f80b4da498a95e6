import { FlixError } from '../errors.ts';
import { freeSpace } from '../io/private-directory.ts';
import { hostile } from './entry.ts';
import type { EntryTable } from './entry-table.ts';

/** How many times its own size an image may unpack to. Text compresses to a twentieth, zeros to a ten-thousandth. */
const MAX_RATIO = 200;
/** An image may unpack to this many bytes, whatever its own size. */
const ALWAYS_FINE = 1024 ** 3;

/**
 * Refuses entries that must not be unpacked: names that lead outside, two entries with the same name (a link, then a file
 * written through it), or too much data. Throws `FlixError` `hostile-image`.
 *
 * @param imageSize in bytes
 */
export function checkEntries(entries: EntryTable, imageSize: number): void {
  for (let row = 0; row < entries.length; row++) {
    const path = entries.path(row);
    if (path !== '/' && !isPlain(entries.name(row)))
      throw hostile(`it contains ${JSON.stringify(path)}, which is not a path inside it`);
    if (entries.kind(row) !== 'directory') continue;
    let last: string | undefined;
    for (const child of entries.children(row)) {
      const name = entries.name(child);
      if (name === last) throw hostile(`it contains ${entries.path(child)} twice`);
      last = name;
    }
  }
  const total = totalSize(entries);
  if (total > ALWAYS_FINE && total > imageSize * MAX_RATIO)
    throw hostile(`its files would take ${total} bytes, ${Math.round(total / imageSize)} times its own size`);
}

/** Returns the size of all files, in bytes. */
function totalSize(entries: EntryTable): number {
  let total = 0;
  for (let row = 0; row < entries.length; row++) if (entries.kind(row) === 'file') total += entries.size(row);
  return total;
}

/** Checks that a directory has space for the contents of all files. Throws `FlixError` `disk-full`. */
export async function requireSpace(directory: string, entries: EntryTable): Promise<void> {
  const bytes = totalSize(entries);
  if ((await freeSpace(directory)) < bytes) throw noSpace(directory, bytes);
}

/** Returns the error for a directory without space for an image. @param bytes that the image takes */
export function noSpace(directory: string, bytes: number): FlixError {
  return new FlixError(
    'io',
    'disk-full',
    `${directory} has no space for the ${bytes} bytes of the image`,
    'Free some space, or set TMPDIR to a directory that has more.',
  );
}

function isPlain(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
}
