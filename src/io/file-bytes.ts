import { closeSync, createReadStream, createWriteStream, read as readCallback } from 'node:fs';
import { promisify } from 'node:util';
import { pipeline } from 'node:stream/promises';
import { ioFailure } from './failure.ts';
import { createHash } from 'node:crypto';
import { openRegular } from './read-text.ts';

const read = promisify(readCallback);

const PIECE = 1024 * 1024;

/**
 * Reads a file of this machine in pieces. All pieces share one buffer, so each is valid only until the next is requested:
 * allocating memory for each would cost more than reading.
 */
export async function* readPieces(file: string): AsyncGenerator<Uint8Array> {
  const descriptor = openRegular(file);
  try {
    const buffer = Buffer.allocUnsafe(PIECE);
    for (;;) {
      const { bytesRead } = await read(descriptor, buffer, 0, PIECE, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Reads a range of a file of this machine in pieces, in bytes. */
export async function* readRange(
  file: string,
  { offset, length }: { readonly offset: number; readonly length: number },
): AsyncGenerator<Uint8Array> {
  if (length === 0) return;
  const range = { fd: openRegular(file), start: offset, end: offset + length - 1, highWaterMark: PIECE };
  for await (const piece of createReadStream(file, range)) yield piece as Buffer;
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
      createReadStream(from, {
        fd: openRegular(from),
        start: offset,
        end: offset + length - 1,
        highWaterMark,
      }),
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
