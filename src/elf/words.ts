import { ElfError } from './error.ts';
import type { Endian } from './facts.ts';

/** Integers of a table, in the file's byte order. Offsets are in bytes from the table's start. */
export class Words {
  readonly #view: DataView;
  readonly little: boolean;
  readonly #base: number;
  readonly length: number;

  /** @param base offset of the table in the file, in bytes, for errors */
  constructor(bytes: Uint8Array, endian: Endian, base = 0) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.little = endian === 'little';
    this.#base = base;
    this.length = bytes.length;
  }

  u16(offset: number): number {
    this.#check(offset, 2);
    return this.#view.getUint16(offset, this.little);
  }

  u32(offset: number): number {
    this.#check(offset, 4);
    return this.#view.getUint32(offset, this.little);
  }

  /** Returns the upper or lower 32 bits of a 64-bit value. */
  half(offset: number, upper: boolean): number {
    return this.u32(upper === this.little ? offset + 4 : offset);
  }

  /** Returns a 64-bit offset, address or count. Throws `ElfError` for 2^53 - 1 and above. */
  u64(offset: number): number {
    const value = this.u64clipped(offset);
    if (value === Number.MAX_SAFE_INTEGER)
      throw new ElfError(
        'range',
        this.#base + offset,
        `the value at ${offset} is too large for an offset, address or count`,
      );
    return value;
  }

  /** Returns any 64-bit value, clipped to 2^53 - 1. Avoids BigInt, which is slow here. */
  u64clipped(offset: number): number {
    return Math.min(this.u64float(offset), Number.MAX_SAFE_INTEGER);
  }

  /** Returns any 64-bit value, rounded to the next floating-point number, which is exact for powers of two. */
  u64float(offset: number): number {
    this.#check(offset, 8);
    const high = this.#view.getUint32(this.little ? offset + 4 : offset, this.little);
    const low = this.#view.getUint32(this.little ? offset : offset + 4, this.little);
    // nearly all values are small; as a floating-point number, each would be allocated on the heap
    return high === 0 ? low : high * 2 ** 32 + low;
  }

  /** Returns any 64-bit value without clipping it. */
  u64big(offset: number): bigint {
    this.#check(offset, 8);
    return this.#view.getBigUint64(offset, this.little);
  }

  #check(offset: number, size: number): void {
    if (offset < 0 || offset + size > this.length)
      throw new ElfError(
        'truncated',
        this.#base + offset,
        `a ${size}-byte value at ${offset} is outside its table of ${this.length} bytes`,
      );
  }
}
