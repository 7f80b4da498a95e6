import * as c from './constants.ts';

import { type DynamicTable, dynamicStrings, readDynamicTable } from './dynamic.ts';
import type { ElfFacts } from './facts.ts';
import { GnuHash, gnuHash } from './gnu-hash.ts';
import type { Reader } from './reader.ts';
import { relocatedSymbols } from './relocations.ts';
import { SymbolEntries } from './symbol-entries.ts';
import { tableAt, tableBytes } from './table.ts';
import { readVersionNames, VERSION_INDEX, type VersionName } from './versions.ts';
import type { Words } from './words.ts';

/** A symbol that the loader has to find when it relocates an object. */
export interface Reference {
  /** One character for each byte. */
  readonly name: string;
  /** Of DT_GNU_HASH. */
  readonly hash: number;
  readonly version: string | undefined;
  /** The DT_NEEDED name of which the version is required. */
  readonly file: string | undefined;
  /** It may stay undefined. */
  readonly weak: boolean;
  /** The object defines it too, and wants that of another. */
  readonly copy: boolean;
}

/** What an object looks up, and what it has for others. */
export interface Symbols {
  readonly references: readonly Reference[];
  /** Whether a lookup in this object ends there. Throws `ElfError` where its tables lie. */
  defines(reference: Reference): boolean;
}

/** A symbol at which a lookup may end. */
export interface Definition {
  readonly name: string;
  /** `undefined`: it has none. */
  readonly version: string | undefined;
  /** A reference without a version finds it. */
  readonly plain: boolean;
  /** A reference to whatever version finds it. */
  readonly any: boolean;
}

/** The tables of an object, of which all can be told. */
export interface ListedSymbols extends Symbols {
  /** Throws `ElfError` where the tables lie. */
  definitions(): Iterable<Definition>;
}

/** The topmost bit of an entry of `.gnu.version`: only a request for this very version may find the symbol. */
const HIDDEN_VERSION = 0x8000;
/** Lower indices stand for no version, or for the first that the file ever had. */
const SECOND_VERSION = 3;

/** The dynamic symbols of an object; `undefined`: it has none. Throws `ElfError`. */
export function readSymbols(reader: Reader, facts: ElfFacts): ListedSymbols | undefined {
  const table = readDynamicTable(reader, facts.header, facts.segments);
  return table?.value(c.DT_SYMTAB) === undefined ? undefined : new SymbolTable(reader, facts, table);
}

class SymbolTable implements ListedSymbols {
  readonly references: readonly Reference[];
  readonly #entries: SymbolEntries;
  readonly #versions: Words | undefined;
  readonly #versionNames: ReadonlyMap<number, VersionName>;
  readonly #index: Index;

  constructor(reader: Reader, facts: ElfFacts, table: DynamicTable) {
    const { header, segments } = facts;
    const words = (tag: number, what: string) => tableAt(reader, facts, table, tag, what);
    this.#entries = new SymbolEntries(
      words(c.DT_SYMTAB, 'the symbol table')!,
      tableBytes(reader, facts, table, c.DT_STRTAB, 'the string table')!,
      header.class,
    );
    this.#versions = words(c.DT_VERSYM, 'DT_VERSYM');
    this.#versionNames = readVersionNames(reader, header, segments, table, () =>
      dynamicStrings(reader, segments, table),
    );
    this.#index = this.#indexed(words, facts);
    const looked = relocatedSymbols(reader, header, segments, table);
    this.references = [...looked].flatMap(([index, copy]) => this.#reference(index, copy) ?? []);
  }

  /** glibc elf/dl-lookup.c, do_lookup_x and check_match. */
  defines(reference: Reference): boolean {
    return this.#index.find(reference).some(index => {
      const entry = this.#entries.at(index);
      return (
        entry.found &&
        this.#entries.isNamed(entry, reference.name) &&
        this.#isVersion(index, reference.version)
      );
    });
  }

  *definitions(): Generator<Definition> {
    for (const index of this.#index.all()) {
      const entry = this.#entries.at(index);
      if (!entry.found) continue;
      const version = this.#versionNames.get(this.#versionIndex(index) & VERSION_INDEX)?.name;
      const hidden = (this.#versionIndex(index) & HIDDEN_VERSION) !== 0;
      yield {
        name: this.#entries.nameOf(entry),
        version,
        plain: this.#isVersion(index, undefined),
        any: version === undefined && !hidden,
      };
    }
  }

  #reference(index: number, copy: boolean): Reference | undefined {
    const entry = this.#entries.at(index);
    if (entry.local || (entry.defined && !copy)) return undefined;
    const name = this.#entries.nameOf(entry);
    const version = this.#versionNames.get(this.#versionIndex(index) & VERSION_INDEX);
    return {
      name,
      hash: gnuHash(name),
      version: version?.name,
      file: version?.file,
      weak: entry.weak,
      copy,
    };
  }

  #isVersion(index: number, wanted: string | undefined): boolean {
    if (!this.#versions) return true;
    const version = this.#versionIndex(index);
    const hidden = (version & HIDDEN_VERSION) !== 0;
    if (wanted === undefined) return (version & VERSION_INDEX) < SECOND_VERSION || !hidden;
    const name = this.#versionNames.get(version & VERSION_INDEX)?.name;
    return name === wanted || (name === undefined && !hidden);
  }

  #versionIndex(index: number): number {
    return this.#versions?.u16(index * 2) ?? 0;
  }

  /** By DT_GNU_HASH; an object without one has DT_HASH, which tells at least how many symbols there are. */
  #indexed(words: (tag: number, what: string) => Words | undefined, { header }: ElfFacts): Index {
    const table = words(c.DT_GNU_HASH, 'DT_GNU_HASH');
    if (table) {
      const hashes = new GnuHash(table, header.class);
      return { find: ({ hash }) => hashes.find(hash), all: () => hashes.symbols() };
    }
    const byName = this.#entries.byName(symbolCount(words(c.DT_HASH, 'DT_HASH'), header));
    return { find: ({ name }) => byName.get(name) ?? [], all: () => [...byName.values()].flat() };
  }
}

/** By what a table finds symbols: their places in it. */
interface Index {
  find(reference: Pick<Reference, 'name' | 'hash'>): readonly number[];
  all(): Iterable<number>;
}

/** nchain of DT_HASH; the words of 64-bit s390 are 8 bytes (glibc sysdeps/s390/s390-64/bits/elfclass.h). */
function symbolCount(hash: Words | undefined, { machine, class: bits }: ElfFacts['header']): number {
  if (!hash) return 0;
  return machine === c.EM_S390 && bits === 64 ? hash.u64(8) : hash.u32(4);
}
