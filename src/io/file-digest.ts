import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ioFailure } from './failure.ts';

/** SHA-256 of a file of any size, hexadecimal. Throws `FlixError` `io-…`. */
export async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  } catch (error) {
    throw ioFailure(error, `cannot read ${file}`);
  }
  return hash.digest('hex');
}
