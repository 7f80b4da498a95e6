export type ElfClass = 32 | 64;
export type Endian = 'little' | 'big';

/** The ELF header. The dynamic loader loads two objects into one process only if their headers agree. */
export interface ElfHeader {
  readonly class: ElfClass;
  readonly endian: Endian;
  /** EI_OSABI, raw. */
  readonly osabi: number;
  /** EI_ABIVERSION, raw. */
  readonly abiVersion: number;
  /** EI_PAD is all zero, which glibc requires. */
  readonly padded: boolean;
  /** e_version and EI_VERSION are both EV_CURRENT. */
  readonly current: boolean;
  /** e_type, raw. */
  readonly type: number;
  /** e_machine, raw. */
  readonly machine: number;
  /** e_flags, raw. They identify the ABI on ARM, MIPS, PowerPC, RISC-V and LoongArch. */
  readonly flags: number;
  readonly phoff: number;
  readonly phnum: number;
  readonly shoff: number;
  readonly shnum: number;
  readonly shentsize: number;
}

/** A program header. Offsets, addresses and sizes are in bytes. */
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

/** The part of the dynamic table that the loader's search depends on. Strings are raw; tokens are not expanded. */
export interface Dynamic {
  /** DT_NEEDED, DT_AUXILIARY and DT_FILTER, in the order of the table. */
  readonly needed: readonly Needed[];
  readonly soname: string | undefined;
  readonly rpath: string | undefined;
  readonly runpath: string | undefined;
  /** The DT_RPATH and DT_RUNPATH entries: the tag, and its offset in the file, in bytes. */
  readonly runPathEntries: readonly { readonly tag: number; readonly offset: number }[];
  readonly flags1: number;
  /** Offset of the value of DT_FLAGS_1 in the file, in bytes; `undefined`: there is no such entry. */
  readonly flags1Offset: number | undefined;
  /** The object has DT_RELR, which requires a libc with the marker version GLIBC_ABI_DT_RELR. */
  readonly relr: boolean;
}

/** One file's entry of `.gnu.version_r`. */
export interface VersionNeed {
  /** The DT_NEEDED name of the object that has to define the versions. */
  readonly file: string;
  readonly versions: readonly { readonly name: string; readonly weak: boolean }[];
}

/** The symbol versions that an object requires and defines. */
export interface Versions {
  readonly needs: readonly VersionNeed[];
  /** Names in `.gnu.version_d`. `undefined`: the file has no such table, and the loader accepts every version of it. */
  readonly defines: readonly string[] | undefined;
}

/** What an ELF file says about itself, as plain data. */
export interface ElfFacts {
  readonly header: ElfHeader;
  readonly segments: readonly Segment[];
  /** The stack has to be executable, as glibc understands PT_GNU_STACK or its absence (elf/dl-load.c). */
  readonly executableStack: boolean;
  /** PT_INTERP, without its NUL. */
  readonly interpreter: string | undefined;
  /** `undefined`: the file has no PT_DYNAMIC, so the loader does nothing with it. */
  readonly dynamic: Dynamic | undefined;
  /** Read on request only. */
  readonly versions: Versions | undefined;
}
