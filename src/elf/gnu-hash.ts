import type { ElfClass } from './facts.ts';
import type { Words } from './words.ts';

/**
 * Computes the hash of DT_GNU_HASH, which is Bernstein's (glibc elf/dl-lookup.c, dl_new_hash).
 * @param name latin1: one character per byte
 */
export function gnuHash(name: string): number {
  let hash = 5381;
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 33) + name.charCodeAt(at)) >>> 0;
  return hash;
}

/** DT_GNU_HASH: a Bloom filter, buckets, and chains that are parallel to the symbol table. */
export class GnuHash {
  readonly #words: Words;
  readonly #wordBits: ElfClass;
  readonly #bucketCount: number;
  readonly #firstSymbol: number;
  readonly #bloomCount: number;
  readonly #bloomShift: number;
  readonly #buckets: number;
  readonly #chains: number;

  /** @param words the table; more may follow it */
  constructor(words: Words, elfClass: ElfClass) {
    this.#words = words;
    this.#wordBits = elfClass;
    this.#bucketCount = words.u32(0);
    this.#firstSymbol = words.u32(4);
    this.#bloomCount = words.u32(8);
    this.#bloomShift = words.u32(12) & 31;
    this.#buckets = 16 + (this.#bloomCount * elfClass) / 8;
    this.#chains = this.#buckets + this.#bucketCount * 4;
  }

  /** Returns the indices in the symbol table of the symbols with this hash. Throws `ElfError` if the table is invalid. */
  find(hash: number): number[] {
    const found: number[] = [];
    if (this.#bucketCount === 0 || !this.#mayHold(hash)) return found;
    let index = this.#words.u32(this.#buckets + (hash % this.#bucketCount) * 4);
    if (index < this.#firstSymbol) return found;
    for (; ; index++) {
      // the lowest bit ends the chain
      const chained = this.#words.u32(this.#chains + (index - this.#firstSymbol) * 4);
      if (chained >>> 1 === hash >>> 1) found.push(index);
      if ((chained & 1) !== 0) return found;
    }
  }

  /** Yields the indices of all symbols that a search can find. Throws `ElfError` if the table is invalid. */
  *symbols(): Generator<number> {
    for (let bucket = 0; bucket < this.#bucketCount; bucket++) {
      let index = this.#words.u32(this.#buckets + bucket * 4);
      if (index < this.#firstSymbol) continue;
      for (let last = false; !last; index++) {
        last = (this.#words.u32(this.#chains + (index - this.#firstSymbol) * 4) & 1) !== 0;
        yield index;
      }
    }
  }

  #mayHold(hash: number): boolean {
    if (this.#bloomCount === 0) return true;
    const bits = this.#wordBits;
    const word = Math.floor(hash / bits) % this.#bloomCount;
    return this.#bit(word, hash % bits) && this.#bit(word, (hash >>> this.#bloomShift) % bits);
  }

  #bit(word: number, bit: number): boolean {
    const at = 16 + (word * this.#wordBits) / 8;
    const half = this.#wordBits === 32 ? this.#words.u32(at) : this.#words.half(at, bit >= 32);
    return ((half >>> (bit % 32)) & 1) === 1;
  }
}
