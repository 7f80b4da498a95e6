import type { Reader } from '../elf/reader.ts';

/** A range of the image, in bytes. */
export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** Formats a range: `bytes 4096–8191`, `byte 17`. */
export function rangeText({ offset, length }: Range): string {
  return length === 1 ? `byte ${offset}` : `bytes ${offset}–${offset + length - 1}`;
}

/** Returns a reader for a range of another, such as a partition of an image. */
export function partOf(reader: Reader, { offset, length }: Range): Reader {
  return { size: length, read: (at, count) => reader.read(offset + at, count) };
}

const CHUNK = 1024 * 1024;
const zeros = Buffer.alloc(CHUNK);

/** Returns the range from the first to the last non-zero byte of the first chunk that has any; `undefined` if none has. */
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
