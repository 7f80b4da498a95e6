export type ElfClass = 32 | 64;
export type Endian = 'little' | 'big';

/** What the dynamic loader looks at first: two objects load together only if these agree. */
export interface ElfHeader {
  readonly class: ElfClass;
  readonly endian: Endian;
  /** EI_OSABI, raw. */
  readonly osabi: number;
  /** EI_ABIVERSION, raw. */
  readonly abiVersion: number;
  /** EI_PAD is all zero, as glibc demands. */
  readonly padded: boolean;
  /** e_version and EI_VERSION are both EV_CURRENT. */
  readonly current: boolean;
  /** e_type, raw. */
  readonly type: number;
  /** e_machine, raw. */
  readonly machine: number;
  /** e_flags, raw: the ABI of ARM, MIPS, PowerPC and RISC-V. */
  readonly flags: number;
  readonly phoff: number;
  readonly phnum: number;
  readonly shoff: number;
  readonly shnum: number;
  readonly shentsize: number;
}

/** One program header; offsets, addresses and sizes in bytes. */
export interface Segment {
  /** p_type, raw. */
  readonly type: number;
  /** p_flags, raw. */
  readonly flags: number;
  readonly offset: number;
  readonly vaddr: number;
  readonly filesz: number;
  readonly memsz: number;
  readonly align: number;
}

export type NeededTag = 'needed' | 'auxiliary' | 'filter';

export interface Needed {
  readonly tag: NeededTag;
  readonly name: string;
}

/** The dynamic table, as far as the loader's search depends on it. Strings are raw: no token is expanded. */
export interface Dynamic {
  /** DT_NEEDED, DT_AUXILIARY and DT_FILTER, in the order of the table. */
  readonly needed: readonly Needed[];
  readonly soname: string | undefined;
  readonly rpath: string | undefined;
  readonly runpath: string | undefined;
  /** The entries of DT_RPATH and DT_RUNPATH: tag, and where in the file it stands, in bytes. */
  readonly runPathEntries: readonly { readonly tag: number; readonly offset: number }[];
  readonly flags1: number;
  /** Where the value of DT_FLAGS_1 stands in the file, in bytes; `undefined`: there is no such entry. */
  readonly flags1Offset: number | undefined;
  /** DT_RELR is present, so the libc must have the marker version GLIBC_ABI_DT_RELR. */
  readonly relr: boolean;
}

/** One file's entry of `.gnu.version_r`. */
export interface VersionNeed {
  /** The DT_NEEDED name that has to define them. */
  readonly file: string;
  readonly versions: readonly { readonly name: string; readonly weak: boolean }[];
}

/** Symbol versions: what is required of others, and what is defined for others. */
export interface Versions {
  readonly needs: readonly VersionNeed[];
  /** Names of `.gnu.version_d`; `undefined` if the file has no such table, and then anything is accepted of it. */
  readonly defines: readonly string[] | undefined;
}

/** What one file says about itself. Plain data, the same for every reader. */
export interface ElfFacts {
  readonly header: ElfHeader;
  readonly segments: readonly Segment[];
  /** PT_INTERP, without its NUL. */
  readonly interpreter: string | undefined;
  /** `undefined`: no PT_DYNAMIC, the loader has nothing to do here. */
  readonly dynamic: Dynamic | undefined;
  /** Only if it was asked for. */
  readonly versions: Versions | undefined;
}
