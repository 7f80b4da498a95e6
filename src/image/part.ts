import type { Reader } from '../elf/reader.ts';
import type { Range } from './fault.ts';

/** A stretch of a reader as one of its own: a partition of an image. */
export function partOf(reader: Reader, { offset, length }: Range): Reader {
  return { size: length, read: (at, count) => reader.read(offset + at, count) };
}
