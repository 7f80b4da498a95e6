import { createHash } from 'node:crypto';
import type { Reader } from '../elf/reader.ts';
import { ReadFailure, type View } from './view.ts';

/** The buffer into which files are read; allocating a new one for each would cost more than reading. */
const piece = Buffer.allocUnsafeSlow(256 * 1024);
/** Bytes of a short digest. 48 bits distinguish two files with the same path and size, and are small enough to store a hundred thousand times. */
const SHORT = 6;

/** Returns the SHA-256 of everything in a reader. Throws what the reader throws. */
export function sha256Of(reader: Reader): Buffer {
  const hash = createHash('sha256');
  for (let at = 0; at < reader.size; at += piece.length)
    hash.update(reader.read(at, Math.min(piece.length, reader.size - at), piece));
  return hash.digest();
}

/** Returns the SHA-256 of a regular file. Throws `ReadFailure`. @param path real */
export function sha256At(view: View, path: string): Buffer {
  const file = view.open(path);
  try {
    return sha256Of(file);
  } finally {
    file.close();
  }
}

/** Returns the first six bytes of a file's SHA-256 in base64; `undefined` if it cannot be read. @param path real */
export function shortDigest(view: View, path: string): string | undefined {
  const source = view.source(path);
  if (source.view.record) return source.view.record.digest(source.path);
  try {
    return sha256At(view, path).subarray(0, SHORT).toString('base64');
  } catch (error) {
    if (error instanceof ReadFailure) return undefined;
    throw error;
  }
}

/** In bytes; small enough that the allocator reuses the memory. */
const PIECE = 64 * 1024;

/** Returns whether two regular files have the same content; both paths are real. Throws `ReadFailure`. */
export function sameBytes(one: View, path: string, other: View, otherPath = path): boolean {
  const left = one.open(path);
  try {
    const right = other.open(otherPath);
    try {
      if (left.size !== right.size) return false;
      for (let at = 0; at < left.size; at += PIECE) {
        const length = Math.min(PIECE, left.size - at);
        if (Buffer.compare(left.read(at, length), right.read(at, length)) !== 0) return false;
      }
      return true;
    } finally {
      right.close();
    }
  } finally {
    left.close();
  }
}
