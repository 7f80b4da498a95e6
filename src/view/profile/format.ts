import type { Dynamic, ElfHeader, Versions } from '../../elf/facts.ts';
import type { ElfErrorCode } from '../../elf/error.ts';

/** The lines of a host profile: JSON each, all of them gzipped (docs/host-profile.md). */

export const PROFILE_SCHEMA = 'flix.host-profile/1';

/** The first line. */
export interface HeadLine {
  /** `flix.host-profile/1` in this version. */
  readonly schema: string;
  /** As the root called itself: `debian 13`. */
  readonly label: string;
}

/** Name, bytes, permission bits, digest (`null`: not taken), and for a further name of a file the path of its first. */
export type FileEntry =
  | readonly [name: string, size: number, mode: number, digest: string | null]
  | readonly [name: string, size: number, mode: number, digest: string | null, same: string];

export interface DirectoryLine {
  readonly directory: string;
  readonly mode: number;
  /** Another file system is mounted on it. */
  readonly mounted?: boolean;
  /** Each in C order. */
  readonly directories: readonly string[];
  readonly links: readonly (readonly [name: string, target: string])[];
  readonly files: readonly FileEntry[];
  readonly others: readonly string[];
  readonly whiteouts: readonly string[];
}

/** A file of which an audit wants the bytes: configuration, units, loaders. */
export type ContentLine = { readonly content: string } & (
  | { readonly text: string }
  | { readonly base64: string }
);

/** The names of all symbols that objects look up, in C order; one character for each byte. */
export interface NamesLine {
  readonly names: readonly string[];
}

/** What an object looks up of one version: places in the names, each as the distance to the one before. */
export interface ReferenceGroup {
  readonly version?: string;
  readonly file?: string;
  readonly copy?: boolean;
  readonly names: readonly number[];
}

/** What an object has for others, of one version. */
export interface DefinitionGroup {
  readonly version?: string;
  /** A reference without a version finds it, and one to whatever version. */
  readonly plain: boolean;
  readonly any: boolean;
  /** Hashes of names in order, packed (`packed.ts`). */
  readonly hashes: string;
}

export interface SymbolGroups {
  readonly references: readonly ReferenceGroup[];
  /** `null`: the table lies, and may hold anything. */
  readonly definitions: readonly DefinitionGroup[] | null;
}

/** An ELF file; places of tables in the file are not kept. */
export interface ElfLine {
  readonly elf: string;
  readonly header: Pick<
    ElfHeader,
    'class' | 'endian' | 'osabi' | 'abiVersion' | 'padded' | 'current' | 'type' | 'machine' | 'flags'
  >;
  readonly interpreter?: string | undefined;
  readonly dynamic?: Omit<Dynamic, 'runPathEntries' | 'flags1Offset'> | undefined;
  readonly versions?: Versions | undefined;
  readonly symbols?: SymbolGroups | undefined;
}

/** A file that begins as an ELF file and cannot be read as one. */
export interface TornLine {
  readonly torn: string;
  readonly code: ElfErrorCode;
  readonly offset: number;
  readonly message: string;
}

export type ProfileLine = DirectoryLine | ContentLine | NamesLine | ElfLine | TornLine;
