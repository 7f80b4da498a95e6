import type { Reader } from '../elf/reader.ts';
import type { Range } from './fault.ts';

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
