import { createHash } from 'node:crypto';
import { ReadFailure, type View } from './view.ts';

const PIECE = 1024 * 1024;
/** 48 bits: enough to tell two files of one path and one size apart, small enough for a hundred thousand of them. */
const BYTES = 6;

/** The first six bytes of a file's sha256, in base64; `undefined`: it cannot be read. @param path real */
export function contentDigest(view: View, path: string): string | undefined {
  const source = view.source(path);
  if (source.view.record) return source.view.record.digest(source.path);
  try {
    const file = view.open(path);
    try {
      const hash = createHash('sha256');
      for (let at = 0; at < file.size; at += PIECE)
        hash.update(file.read(at, Math.min(PIECE, file.size - at)));
      return hash.digest().subarray(0, BYTES).toString('base64');
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ReadFailure) return undefined;
    throw error;
  }
}
