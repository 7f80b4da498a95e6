import type { Dynamic, ElfHeader, Versions } from '../../elf/facts.ts';
import type { ElfErrorCode } from '../../elf/error.ts';
import type { PackageEntry } from '../view.ts';

/** The lines of a host profile: gzipped JSON, one value per line (docs/host-profile.md). */

export const PROFILE_SCHEMA = 'flix.host-profile/1';

/** The first line. */
export interface HeadLine {
  /** `flix.host-profile/1` in this version. */
  readonly schema: string;
  /** The label of the root: `debian 13`. */
  readonly label: string;
}

/** Name, size in bytes, permission bits, digest (`null` if not recorded) and, for a further hard link, the path of the first name. */
export type FileEntry =
  | readonly [name: string, size: number, mode: number, digest: string | null]
  | readonly [name: string, size: number, mode: number, digest: string | null, same: string];

export interface DirectoryLine {
  readonly directory: string;
  readonly mode: number;
  /** User and group; absent for root. */
  readonly owner?: readonly [uid: number, gid: number];
  /** Another file system is mounted on it. */
  readonly mounted?: boolean;
  /** Each in C order. */
  readonly directories: readonly string[];
  readonly links: readonly (readonly [name: string, target: string])[];
  readonly files: readonly FileEntry[];
  readonly others: readonly string[];
  readonly whiteouts: readonly string[];
}

/** A file whose bytes audits need: configuration, units, loaders. */
export type ContentLine = { readonly content: string } & (
  | { readonly text: string }
  | { readonly base64: string }
);

/** The names of all symbols that objects refer to, in C order; one character per byte. */
export interface NamesLine {
  readonly names: readonly string[];
}

/** References of an object to one version: indexes into the names, each as the distance from the previous one. */
export interface ReferenceGroup {
  readonly version?: string;
  readonly file?: string;
  readonly copy?: boolean;
  readonly names: readonly number[];
}

/** Symbols of one version that an object defines. */
export interface DefinitionGroup {
  readonly version?: string;
  /** Whether references without a version find it (`plain`), and references to any version (`any`). */
  readonly plain: boolean;
  readonly any: boolean;
  /** Sorted hashes of the names, packed (`packed.ts`). */
  readonly hashes: string;
}

export interface SymbolGroups {
  readonly references: readonly ReferenceGroup[];
  /** `null` if the symbol table is malformed, so that it may define anything. */
  readonly definitions: readonly DefinitionGroup[] | null;
}

/** p_flags, p_offset, p_vaddr, p_filesz, p_memsz and p_align. */
export type LoadEntry = readonly [
  flags: number,
  offset: number,
  vaddr: number,
  filesz: number,
  memsz: number,
  align: number,
];

/** An ELF file, without the offsets of its tables. */
export interface ElfLine {
  readonly elf: string;
  /** The package that owns it, if the host has a package database. */
  readonly package?: PackageEntry | undefined;
  readonly header: Pick<
    ElfHeader,
    'class' | 'endian' | 'osabi' | 'abiVersion' | 'padded' | 'current' | 'type' | 'machine' | 'flags'
  >;
  /** Its PT_LOAD segments. */
  readonly loads: readonly LoadEntry[];
  readonly executableStack?: boolean | undefined;
  readonly interpreter?: string | undefined;
  readonly dynamic?: Omit<Dynamic, 'runPathEntries' | 'flags1Offset'> | undefined;
  readonly versions?: Versions | undefined;
  readonly symbols?: SymbolGroups | undefined;
}

/** A file that starts like an ELF file but cannot be parsed as one. */
export interface TornLine {
  readonly torn: string;
  readonly code: ElfErrorCode;
  readonly offset: number;
  readonly message: string;
}

export type ProfileLine = DirectoryLine | ContentLine | NamesLine | ElfLine | TornLine;
