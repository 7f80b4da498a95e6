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

/** A symbol that the loader has to look up to relocate an object. */
export interface Reference {
  /** latin1: one character per byte. */
  readonly name: string;
  /** As DT_GNU_HASH has it. */
  readonly hash: number;
  readonly version: string | undefined;
  /** The DT_NEEDED name of the object that has to define the version. */
  readonly file: string | undefined;
  /** The loader accepts that it is undefined. */
  readonly weak: boolean;
  /** The object defines it too, but copies the value from another object's definition. */
  readonly copy: boolean;
}

/** The symbols that an object looks up and defines. */
export interface Symbols {
  readonly references: readonly Reference[];
  /** Whether a lookup finds the symbol in this object. Throws `ElfError` if its tables are invalid. */
  defines(reference: Reference): boolean;
}

/** A symbol that a lookup can find. */
export interface Definition {
  readonly name: string;
  /** `undefined`: it has no version. */
  readonly version: string | undefined;
  /** A reference without a version can find it. */
  readonly plain: boolean;
  /** A reference to any version can find it. */
  readonly any: boolean;
}

/** The symbols of an object, including a list of its definitions. */
export interface ListedSymbols extends Symbols {
  /** Throws `ElfError` if the tables are invalid. */
  definitions(): Iterable<Definition>;
}

/** The top bit of an entry of `.gnu.version`: only a reference to exactly this version can find the symbol. */
const HIDDEN_VERSION = 0x8000;
/** Lower indices mean no version, or the first version that the file defines. */
const SECOND_VERSION = 3;

/** Reads the dynamic symbols of an object; `undefined`: it has none. Throws `ElfError`. */
export function readSymbols(reader: Reader, facts: ElfFacts): ListedSymbols | undefined {
  const table = readDynamicTable(reader, facts.header, facts.segments);
  return table?.value(c.DT_SYMTAB) === undefined ? undefined : new SymbolTable(reader, facts, table);
}

/**
 * Returns those of the names that undefined symbols of an object have. Much cheaper than reading all symbols and the
 * relocations that refer to them. Throws `ElfError`.
 */
export function importsAmong(reader: Reader, facts: ElfFacts, names: ReadonlySet<string>): Set<string> {
  const table = readDynamicTable(reader, facts.header, facts.segments);
  const strings = table && tableBytes(reader, facts, table, c.DT_STRTAB, 'the string table');
  const words = strings && tableAt(reader, facts, table, c.DT_SYMTAB, 'the symbol table');
  return words ? new SymbolEntries(words, strings, facts.header.class).undefinedAmong(names) : new Set();
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

  #isVersion(index: number, required: string | undefined): boolean {
    if (!this.#versions) return true;
    const version = this.#versionIndex(index);
    const hidden = (version & HIDDEN_VERSION) !== 0;
    if (required === undefined) return (version & VERSION_INDEX) < SECOND_VERSION || !hidden;
    const name = this.#versionNames.get(version & VERSION_INDEX)?.name;
    return name === required || (name === undefined && !hidden);
  }

  #versionIndex(index: number): number {
    return this.#versions?.u16(index * 2) ?? 0;
  }

  /** Uses DT_GNU_HASH. An object without it has DT_HASH, which at least gives the number of symbols. */
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

/** Finds symbols by their index in the symbol table. */
interface Index {
  find(reference: Pick<Reference, 'name' | 'hash'>): readonly number[];
  all(): Iterable<number>;
}

/** Reads nchain of DT_HASH. On 64-bit s390 its words have 8 bytes (glibc sysdeps/s390/s390-64/bits/elfclass.h). */
function symbolCount(hash: Words | undefined, { machine, class: bits }: ElfFacts['header']): number {
  if (!hash) return 0;
  return machine === c.EM_S390 && bits === 64 ? hash.u64(8) : hash.u32(4);
}
