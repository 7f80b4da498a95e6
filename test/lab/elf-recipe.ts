import type { ElfClass, Endian } from '../../src/elf/facts.ts';

/** `libfoo.so` for DT_NEEDED; the others by their tag. */
export type NeededRecipe = string | { readonly auxiliary: string } | { readonly filter: string };

/** What an ELF file is to say about itself. The default is an x86-64 shared object without dependencies. */
export interface ElfRecipe {
  readonly class?: ElfClass;
  readonly endian?: Endian;
  /** e_machine; default EM_X86_64, or EM_386 for class 32. */
  readonly machine?: number;
  /** e_type; default ET_DYN. */
  readonly type?: 'exec' | 'dyn' | number;
  /** EI_OSABI. */
  readonly osabi?: number;
  /** EI_ABIVERSION. */
  readonly abiVersion?: number;
  /** e_flags. */
  readonly flags?: number;
  readonly interp?: string;
  /** In the order of the dynamic table. */
  readonly needed?: readonly NeededRecipe[];
  readonly soname?: string;
  readonly rpath?: string;
  readonly runpath?: string;
  /** DT_FLAGS_1. */
  readonly flags1?: number;
  /** By DT_NEEDED name; a `?` at the end of a version makes it weak. */
  readonly verneed?: Readonly<Record<string, readonly string[]>>;
  /** Versions defined, besides the base version that names the file itself. */
  readonly verdef?: readonly string[];
  /** An empty DT_RELR table. */
  readonly relr?: boolean;
  /** A read-only PT_LOAD with this text, such as the strings that a loader has compiled in. */
  readonly data?: string;
  /** A section header table (`.null`, `.dynstr`, `.dynamic`, `.shstrtab`); default none, as after `sstrip`. */
  readonly sections?: boolean;
  /** Where the program header table stands; `patchelf` moves it to the end. */
  readonly table?: 'start' | 'end';
  /** PN_XNUM in e_phnum, the true count in section 0. */
  readonly extendedCount?: boolean;
  /** Bytes after the last one that any header names: a payload, as installers have it. */
  readonly trailing?: string;
}
