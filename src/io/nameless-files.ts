import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { inPrivateDirectory } from './private-directory.ts';

/**
 * Gives `use` one file for each content, open for reading and writing. The files have no names, so they vanish when flix
 * ends, even if it is killed. Throws `FlixError` `disk-full`.
 */
export async function withNamelessFiles<T>(
  contents: readonly Iterable<Uint8Array>[],
  use: (files: readonly number[]) => Promise<T>,
): Promise<T> {
  const files: number[] = [];
  try {
    await inPrivateDirectory(async directory => {
      for (const content of contents) {
        const place = path.join(directory, String(files.length));
        const file = fs.openSync(place, 'wx+', 0o600);
        files.push(file);
        fs.unlinkSync(place);
        writeAll(file, content);
      }
    });
    return await use(files);
  } finally {
    for (const file of files) fs.closeSync(file);
  }
}

/** Returns the size of a nameless file, in bytes. */
export function sizeOf(file: number): number {
  return fs.fstatSync(file).size;
}

/** Reads a whole nameless file, from its start. */
export function bytesOf(file: number): Buffer {
  const bytes = Buffer.alloc(sizeOf(file));
  return bytes.subarray(0, fs.readSync(file, bytes, 0, bytes.length, 0));
}

function writeAll(file: number, content: Iterable<Uint8Array>): void {
  try {
    for (const piece of content) for (let at = 0; at < piece.length;) at += fs.writeSync(file, piece, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    throw new FlixError(
      'io',
      'disk-full',
      'there is no space left for the root of the virtual machine',
      'Set TMPDIR to a directory with more space.',
    );
  }
}
