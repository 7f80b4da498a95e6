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
  /** Symbols for others: `name`, `name@@VERSION` (found without a version too) or `name@VERSION`, of `verdef`. */
  readonly defines?: readonly string[];
  /** Symbols that it is relocated with: `name` or `name@VERSION`, of `verneed`; a `?` at the end makes it weak. */
  readonly references?: readonly string[];
  /** GNU_PROPERTY_X86_ISA_1_NEEDED: bit 1 for x86-64-v2, bit 2 for v3, bit 3 for v4. */
  readonly isaNeeded?: number;
  /** The JSON of a note by which it tells what it opens by dlopen (systemd's ELF_DLOPEN_METADATA). */
  readonly dlopenNote?: string;
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
