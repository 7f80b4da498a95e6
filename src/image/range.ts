import type { Reader } from '../elf/reader.ts';

/** A stretch of the image, in bytes. */
export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** `bytes 4096–8191`, `byte 17` */
export function rangeText({ offset, length }: Range): string {
  return length === 1 ? `byte ${offset}` : `bytes ${offset}–${offset + length - 1}`;
}

/** A stretch of a reader as one of its own: a partition of an image. */
export function partOf(reader: Reader, { offset, length }: Range): Reader {
  return { size: length, read: (at, count) => reader.read(offset + at, count) };
}

const CHUNK = 1024 * 1024;
const zeros = Buffer.alloc(CHUNK);

/** From the first to the last byte of a stretch that is not zero, as far as they lie in one chunk of it. */
export function notZero(reader: Reader, { offset, length }: Range): Range | undefined {
  for (let at = offset; at < offset + length; at += CHUNK) {
    const chunk = Buffer.from(reader.read(at, Math.min(CHUNK, offset + length - at)));
    if (chunk.equals(zeros.subarray(0, chunk.length))) continue;
    let [first, last] = [0, chunk.length - 1];
    while (chunk[first] === 0) first++;
    while (chunk[last] === 0) last--;
    return { offset: at + first, length: last - first + 1 };
  }
  return undefined;
}
