import { offsetOf } from './header.ts';
import * as c from './constants.ts';
import type { DynamicTable } from './dynamic.ts';
import { ElfError } from './error.ts';
import type { ElfHeader, Segment, VersionNeed, Versions } from './facts.ts';
import { type Reader, readRange } from './reader.ts';
import type { StringTable } from './strings.ts';
import { Words } from './words.ts';

const ENTRY = { verneed: 16, vernaux: 16, verdef: 20, verdaux: 8 } as const;
/** glibc's libc.so.6 defines about 50. A table with more entries than this is malformed. */
const MAX_ENTRIES = 65_536;
/** How much is read at once, in bytes; most tables are smaller. */
const WINDOW = 2048;
/** The index in an entry of `.gnu.version`, without the top bit, which hides the symbol from other references. */
export const VERSION_INDEX = 0x7fff;

/** Reads `.gnu.version_r` and `.gnu.version_d` through DT_VERNEED and DT_VERDEF. Throws `ElfError`. */
export function readVersions(
  reader: Reader,
  header: ElfHeader,
  segments: readonly Segment[],
  table: DynamicTable,
  strings: () => StringTable,
): Versions {
  const open = (address: number, what: string) =>
    new Chain(reader, header, offsetOf(segments, address, what), what);
  const needAddress = table.value(c.DT_VERNEED);
  const defineAddress = table.value(c.DT_VERDEF);
  return {
    needs: needAddress === undefined ? [] : readNeeds(open(needAddress, 'DT_VERNEED'), strings),
    defines: defineAddress === undefined ? undefined : readDefines(open(defineAddress, 'DT_VERDEF'), strings),
  };
}

/** The version that an index in `.gnu.version` refers to. */
export interface VersionName {
  readonly name: string;
  /** The DT_NEEDED name of the object that has to define it; `undefined`: the file defines it itself. */
  readonly file: string | undefined;
}

/** Maps indices to versions. Indices 0 and 1 (local and unversioned) have no version and are left out. Throws `ElfError`. */
export function readVersionNames(
  reader: Reader,
  header: ElfHeader,
  segments: readonly Segment[],
  table: DynamicTable,
  strings: () => StringTable,
): ReadonlyMap<number, VersionName> {
  const names = new Map<number, VersionName>();
  const open = (tag: number, what: string) => {
    const address = table.value(tag);
    return address === undefined
      ? undefined
      : new Chain(reader, header, offsetOf(segments, address, what), what);
  };
  eachNeed(open(c.DT_VERNEED, 'DT_VERNEED'), (need, auxiliaries) => {
    const file = strings().at(need.u32(4));
    for (const aux of auxiliaries)
      names.set(aux.u16(6) & VERSION_INDEX, { name: strings().at(aux.u32(8)), file });
  });
  eachDefine(open(c.DT_VERDEF, 'DT_VERDEF'), (define, aux) =>
    names.set(define.u16(4) & VERSION_INDEX, { name: strings().at(aux.u32(0)), file: undefined }),
  );
  return names;
}

function readNeeds(chain: Chain, strings: () => StringTable): VersionNeed[] {
  const needs: VersionNeed[] = [];
  eachNeed(chain, (need, auxiliaries) => {
    const versions = auxiliaries.map(aux => ({
      name: strings().at(aux.u32(8)),
      weak: (aux.u16(4) & c.VER_FLG_WEAK) !== 0,
    }));
    needs.push({ file: strings().at(need.u32(4)), versions });
  });
  return needs;
}

function readDefines(chain: Chain, strings: () => StringTable): string[] {
  const names: string[] = [];
  eachDefine(chain, (_, aux) => names.push(strings().at(aux.u32(0))));
  return names;
}

/** Elf_Verneed: vn_version, vn_cnt (16 bit), vn_file, vn_aux, vn_next (32); Elf_Vernaux: vna_hash (32), vna_flags, vna_other (16), vna_name, vna_next (32). */
function eachNeed(
  chain: Chain | undefined,
  visit: (need: Words, auxiliaries: readonly Words[]) => void,
): void {
  chain?.walk(0, ENTRY.verneed, 12, (need, at) => {
    const auxiliaries: Words[] = [];
    if (need.u16(2) > 0) chain.walk(at + need.u32(8), ENTRY.vernaux, 12, aux => auxiliaries.push(aux));
    visit(need, auxiliaries);
  });
}

/** Elf_Verdef: vd_version, vd_flags, vd_ndx, vd_cnt (16 bit), vd_hash, vd_aux, vd_next (32). Skips the base version, which names the file. */
function eachDefine(chain: Chain | undefined, visit: (define: Words, aux: Words) => void): void {
  chain?.walk(0, ENTRY.verdef, 16, (define, at) => {
    if ((define.u16(2) & c.VER_FLG_BASE) !== 0) return;
    visit(define, chain.entry(at + define.u32(12), ENTRY.verdaux));
  });
}

/** Linked entries. Each contains the distance to the next one; 0 ends the chain. */
class Chain {
  readonly #reader: Reader;
  readonly #header: ElfHeader;
  readonly #base: number;
  readonly #what: string;
  #left = MAX_ENTRIES;
  #window: Uint8Array = new Uint8Array();
  #windowStart = 0;

  constructor(reader: Reader, header: ElfHeader, base: number, what: string) {
    this.#reader = reader;
    this.#header = header;
    this.#base = base;
    this.#what = what;
  }

  entry(at: number, size: number): Words {
    const offset = this.#base + at;
    if (offset < this.#windowStart || offset + size > this.#windowStart + this.#window.length) {
      const length = Math.max(size, Math.min(WINDOW, this.#reader.size - offset));
      this.#window = readRange(this.#reader, offset, length, this.#what);
      this.#windowStart = offset;
    }
    const start = offset - this.#windowStart;
    return new Words(this.#window.subarray(start, start + size), this.#header.endian, offset);
  }

  walk(start: number, size: number, nextField: number, visit: (entry: Words, at: number) => void): void {
    for (let at = start; ;) {
      // the distances come from the file, so the chain may be a loop
      if (this.#left-- === 0)
        throw new ElfError('limit', this.#base, `${this.#what} has more than ${MAX_ENTRIES} entries`);
      const entry = this.entry(at, size);
      visit(entry, at);
      const next = entry.u32(nextField);
      if (next === 0) return;
      at += next;
    }
  }
}
