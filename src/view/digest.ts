import { createHash } from 'node:crypto';
import type { Reader } from '../elf/reader.ts';
import { ReadFailure, type View } from './view.ts';

/** The memory into which files are read, one after the other: handing it out anew costs more than the reading. */
const piece = Buffer.allocUnsafeSlow(256 * 1024);
/** 48 bits: enough to tell two files of one path and one size apart, small enough for a hundred thousand of them. */
const SHORT = 6;

/** SHA-256 of all that a reader has. Throws what it throws. */
export function sha256Of(reader: Reader): Buffer {
  const hash = createHash('sha256');
  for (let at = 0; at < reader.size; at += piece.length)
    hash.update(reader.read(at, Math.min(piece.length, reader.size - at), piece));
  return hash.digest();
}

/** SHA-256 of a regular file. Throws `ReadFailure`. @param path real */
export function sha256At(view: View, path: string): Buffer {
  const file = view.open(path);
  try {
    return sha256Of(file);
  } finally {
    file.close();
  }
}

/** The first six bytes of a file's SHA-256, in base64; `undefined`: it cannot be read. @param path real */
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

/** Small enough for the allocator to use the same memory again, in bytes. */
const PIECE = 64 * 1024;

/** Whether two regular files hold the same; their real paths. Throws `ReadFailure`. */
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
