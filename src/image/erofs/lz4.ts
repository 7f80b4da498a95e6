/** No match is shorter, in bytes, so a length of 0 stands for it. */
const MIN_MATCH = 4;
/** A length of 15 continues in the bytes that follow. */
const LONG = 15;

/**
 * Decodes an LZ4 block (lz4 doc/lz4_Block_format.md) until the output is full or the block ends.
 *
 * @returns how many bytes were written; `undefined` if the block is damaged
 */
export function decodeLz4(input: Uint8Array, output: Uint8Array): number | undefined {
  let at = 0;
  let done = 0;
  /** Returns the length that a half of a token stands for. Every byte of 255 is followed by another one. */
  const lengthFrom = (half: number): number => {
    let length = half;
    if (half !== LONG) return length;
    for (let more = 255; more === 255;) {
      more = input[at++] ?? 0;
      length += more;
    }
    return length;
  };
  while (at < input.length) {
    const token = input[at++]!;
    const literals = lengthFrom(token >> 4);
    if (at + literals > input.length) return undefined;
    const fits = Math.min(literals, output.length - done);
    output.set(input.subarray(at, at + fits), done);
    at += literals;
    done += fits;
    if (done === output.length || at === input.length) return done;
    const distance = input[at]! | ((input[at + 1] ?? 0) << 8);
    at += 2;
    if (distance === 0 || distance > done) return undefined;
    const end = Math.min(output.length, done + lengthFrom(token & LONG) + MIN_MATCH);
    // a match may overlap what it writes, so that it repeats itself
    if (done + distance >= end && end - done > 32) {
      output.copyWithin(done, done - distance, end - distance);
      done = end;
    } else for (; done < end; done++) output[done] = output[done - distance]!;
    if (done === output.length) return done;
  }
  return done;
}
