import { createHash } from 'node:crypto';
import { ioFailure } from './failure.ts';
import { readPieces } from './pieces.ts';

/** SHA-256 of a file of any size, hexadecimal. Throws `FlixError` `io-…`. */
export async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of readPieces(file)) hash.update(piece);
  } catch (error) {
    throw ioFailure(error, `cannot read ${file}`);
  }
  return hash.digest('hex');
}
