import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ioFailure } from './failure.ts';

/** Copies a stretch of a file, in bytes, into a new file. Throws `FlixError` `io-…`. */
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
