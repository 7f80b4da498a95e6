import { ElfError } from './error.ts';
import type { Endian } from './facts.ts';

/** Integers of a file's byte order, read from one table. Offsets are in bytes from the table's start. */
export class Words {
  readonly #view: DataView;
  readonly little: boolean;
  readonly #base: number;
  readonly length: number;

  /** @param base where the table lies in the file, for error messages */
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

  /** The upper or lower 32 bits of a 64-bit value. */
  half(offset: number, upper: boolean): number {
    return this.u32(upper === this.little ? offset + 4 : offset);
  }

  /** A 64-bit value that has to be an offset, an address or a count: one beyond 2^53 is refused. */
  u64(offset: number): number {
    const value = this.u64clipped(offset);
    if (value === Number.MAX_SAFE_INTEGER)
      throw new ElfError(
        'range',
        this.#base + offset,
        `the value at ${offset} is no offset, address or count`,
      );
    return value;
  }

  /** A 64-bit value that may be anything: one beyond 2^53 counts as 2^53 - 1. Without BigInt, which is slow here. */
  u64clipped(offset: number): number {
    this.#check(offset, 8);
    const high = this.#view.getUint32(this.little ? offset + 4 : offset, this.little);
    const low = this.#view.getUint32(this.little ? offset : offset + 4, this.little);
    // nearly all are small, and in floating point each would be an object of its own
    return high === 0 ? low : Math.min(high * 2 ** 32 + low, Number.MAX_SAFE_INTEGER);
  }

  /** A 64-bit value of which nothing is expected (a tag, a value that may not be used). */
  u64big(offset: number): bigint {
    this.#check(offset, 8);
    return this.#view.getBigUint64(offset, this.little);
  }

  #check(offset: number, size: number): void {
    if (offset < 0 || offset + size > this.length)
      throw new ElfError(
        'truncated',
        this.#base + offset,
        `a ${size}-byte value at ${offset} lies outside its table of ${this.length} bytes`,
      );
  }
}
