import fs from 'node:fs/promises';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ioFailure } from './failure.ts';
import { createHash } from 'node:crypto';

const PIECE = 1024 * 1024;

/**
 * Reads a file of this machine in pieces. All pieces share one buffer, so each is valid only until the next is requested:
 * allocating memory for each would cost more than reading.
 */
export async function* readPieces(file: string): AsyncGenerator<Uint8Array> {
  const handle = await fs.open(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, PIECE);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** Copies a range of a file, in bytes, into a new file. Throws `FlixError` `io-…`. */
export async function copyRange(
  from: string,
  { offset, length }: { readonly offset: number; readonly length: number },
  to: string,
): Promise<void> {
  const highWaterMark = 1024 * 1024;
  try {
    await pipeline(
      createReadStream(from, { start: offset, end: offset + length - 1, highWaterMark }),
      createWriteStream(to, { flags: 'wx', mode: 0o600 }),
    );
  } catch (error) {
    throw ioFailure(error, `cannot copy a part of ${from} to ${to}`);
  }
}

/** Returns the SHA-256 of a file of any size, in hexadecimal. Throws `FlixError` `io-…`. */
export async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of readPieces(file)) hash.update(piece);
  } catch (error) {
    throw ioFailure(error, `cannot read ${file}`);
  }
  return hash.digest('hex');
}
