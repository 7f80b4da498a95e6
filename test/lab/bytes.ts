import type { ElfClass, Endian } from '../../src/elf/facts.ts';

/** Writes integers of one byte order and word size; the counterpart of `Words`. */
export class Bytes {
  readonly #endian: Endian;
  readonly #class: ElfClass;
  readonly #parts: number[] = [];

  constructor(elfClass: ElfClass, endian: Endian) {
    this.#class = elfClass;
    this.#endian = endian;
  }

  get length(): number {
    return this.#parts.length;
  }

  u16(...values: number[]): this {
    return this.#integers(values, 2);
  }

  u32(...values: number[]): this {
    return this.#integers(values, 4);
  }

  /** Addresses, offsets or sizes, of 4 or 8 bytes. */
  word(...values: number[]): this {
    return this.#integers(values, this.#class / 8);
  }

  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.#parts.push(byte);
    return this;
  }

  align(to: number): this {
    while (this.length % to !== 0) this.#parts.push(0);
    return this;
  }

  done(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }

  #integers(values: readonly number[], size: number): this {
    for (const value of values) {
      const little: number[] = [];
      let rest = BigInt(value);
      for (let at = 0; at < size; at++, rest >>= 8n) little.push(Number(rest & 0xffn));
      this.raw(this.#endian === 'little' ? little : little.toReversed());
    }
    return this;
  }
}

/** A string table. Contains each string once, and the empty string at offset 0. */
export class Strings {
  readonly #bytes: number[] = [0];
  readonly #at = new Map<string, number>([['', 0]]);

  add(text: string): number {
    const known = this.#at.get(text);
    if (known !== undefined) return known;
    const at = this.#bytes.length;
    this.#bytes.push(...new TextEncoder().encode(text), 0);
    this.#at.set(text, at);
    return at;
  }

  get bytes(): readonly number[] {
    return this.#bytes;
  }
}
