import { asBuffer } from './bytes.ts';
import { ElfError } from './error.ts';
import type { ElfClass } from './facts.ts';
import type { Words } from './words.ts';

/** The part of a symbol table entry that a lookup depends on. */
export interface SymbolEntry {
  /** Offset of its name in the string table, in bytes. */
  readonly name: number;
  /** It is bound inside its object; no other object can find it. */
  readonly local: boolean;
  readonly weak: boolean;
  readonly defined: boolean;
  /** A lookup can find it (glibc elf/dl-lookup.c, check_match and do_lookup_x). */
  readonly found: boolean;
}

const SIZE = { 32: 16, 64: 24 } as const;
const SHN_UNDEF = 0;
const SHN_ABS = 0xfff1;
const STB_LOCAL = 0;
const STB_WEAK = 2;
const STT_TLS = 6;
/** NOTYPE, OBJECT, FUNC, COMMON, TLS and GNU_IFUNC; not SECTION and FILE. */
const SEARCHED_TYPES = 0b100_0110_0111;
/** Real libraries have some tens of thousands. */
const MAX_SYMBOLS = 4_000_000;

/** `.dynsym` and its `.dynstr`. */
export class SymbolEntries {
  readonly #words: Words;
  readonly #strings: Buffer;
  readonly #class: ElfClass;

  constructor(words: Words, strings: Uint8Array, elfClass: ElfClass) {
    this.#words = words;
    this.#strings = asBuffer(strings);
    this.#class = elfClass;
  }

  at(index: number): SymbolEntry {
    const at = index * SIZE[this.#class];
    const wide = this.#class === 64;
    // Elf64_Sym: name, info, other, shndx, value, size; Elf32_Sym: name, value, size, info, other, shndx
    const kind = this.#words.u16(at + (wide ? 4 : 12));
    const section = this.#words.u16(at + (wide ? 6 : 14));
    const hasValue = wide
      ? this.#words.u32(at + 8) !== 0 || this.#words.u32(at + 12) !== 0
      : this.#words.u32(at + 4) !== 0;
    const [info, other] = this.#words.little ? [kind & 0xff, kind >> 8] : [kind >> 8, kind & 0xff];
    const binding = info >> 4;
    const type = info & 0xf;
    // STV_INTERNAL and STV_HIDDEN
    const local = binding === STB_LOCAL || (other & 3) === 1 || (other & 3) === 2;
    const defined = section !== SHN_UNDEF;
    return {
      name: this.#words.u32(at),
      local,
      weak: binding === STB_WEAK,
      defined,
      found:
        defined &&
        !local &&
        ((SEARCHED_TYPES >> type) & 1) === 1 &&
        (hasValue || section === SHN_ABS || type === STT_TLS),
    };
  }

  nameOf({ name }: SymbolEntry): string {
    const end = this.#strings.indexOf(0, name);
    if (name >= this.#strings.length || end < 0)
      throw new ElfError('string', name, `the name of a symbol at ${name} has no end`);
    return this.#strings.toString('latin1', name, end);
  }

  isNamed({ name: at }: SymbolEntry, name: string): boolean {
    const end = at + name.length;
    return this.#strings[end] === 0 && this.#strings.toString('latin1', at, end) === name;
  }

  /** Returns those of the names that an undefined symbol has. A symbol whose name has no end is ignored. */
  undefinedAmong(names: ReadonlySet<string>): Set<string> {
    const found = new Set<string>();
    const beginnings = new Set<number>([...names].map(name => beginning(Buffer.from(`${name}\0`), 0)));
    const size = SIZE[this.#class];
    const section = this.#class === 64 ? 6 : 14;
    for (let at = size; at + size <= this.#words.length; at += size) {
      if (this.#words.u16(at + section) !== SHN_UNDEF) continue;
      const start = this.#words.u32(at);
      // decoding every name would take longer than all the rest
      if (!beginnings.has(beginning(this.#strings, start))) continue;
      const end = this.#strings.indexOf(0, start);
      const name = end < 0 ? '' : this.#strings.toString('latin1', start, end);
      if (names.has(name)) found.add(name);
    }
    return found;
  }

  byName(count: number): ReadonlyMap<string, readonly number[]> {
    if (count > MAX_SYMBOLS) throw new ElfError('limit', 0, `${count} symbols`);
    const byName = new Map<string, number[]>();
    for (let index = 1; index < count; index++) {
      const entry = this.at(index);
      if (!entry.found) continue;
      const name = this.nameOf(entry);
      const known = byName.get(name);
      if (known) known.push(index);
      else byName.set(name, [index]);
    }
    return byName;
  }
}

/** The first two bytes of a string that ends with a NUL. */
function beginning(strings: Uint8Array, start: number): number {
  return (strings[start] ?? 0) | ((strings[start + 1] ?? 0) << 8);
}
