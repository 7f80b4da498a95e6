import type { ElfClass, Endian } from '../../src/elf/facts.ts';

/** A name for DT_NEEDED; entries with other tags name the tag. */
export type NeededRecipe = string | { readonly auxiliary: string } | { readonly filter: string };

/** Describes an ELF file to write. The default is an x86-64 shared object without dependencies. */
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
  /** DT_SONAME and DT_RUNPATH entries that come before those of the same tag. */
  readonly earlier?: { readonly soname?: string; readonly runpath?: string };
  readonly runpath?: string;
  /** DT_FLAGS_1. */
  readonly flags1?: number;
  /** Required versions by DT_NEEDED name. A `?` at the end of a version makes it weak. */
  readonly verneed?: Readonly<Record<string, readonly string[]>>;
  /** Defined versions, besides the base version, which names the file itself. */
  readonly verdef?: readonly string[];
  /** Defined symbols: `name`, `name@@VERSION` (the default version) or `name@VERSION`, with versions of `verdef`. */
  readonly defines?: readonly string[];
  /** Referenced symbols: `name` or `name@VERSION`, with versions of `verneed`. A `?` at the end makes one weak. */
  readonly references?: readonly string[];
  /** GNU_PROPERTY_X86_ISA_1_NEEDED: bit 1 for x86-64-v2, bit 2 for v3, bit 3 for v4. */
  readonly isaNeeded?: number;
  /** The JSON of a note that lists the libraries the file opens with dlopen (systemd's ELF_DLOPEN_METADATA). */
  readonly dlopenNote?: string;
  /** PT_GNU_STACK: with PF_X, or none at all; default: one without PF_X. */
  readonly stack?: 'executable' | 'unstated';
  /** An empty DT_RELR table. */
  readonly relr?: boolean;
  /** The text of a read-only PT_LOAD, such as the strings that are compiled into a loader. */
  readonly data?: string;
  /** DT_STRSZ; default the true size. */
  readonly stringSize?: number;
  /** p_filesz and p_memsz of PT_DYNAMIC; default the true size. */
  readonly dynamicSize?: number;
  /** The DT_NEEDED names of a dynamic table to which a PT_DYNAMIC before the true one points. */
  readonly earlierDynamic?: readonly string[];
  /** p_align of the PT_LOADs. */
  readonly align?: number;
  /** p_memsz of the first PT_LOAD; default the true size. */
  readonly memorySize?: number;
  /** A section header table (`.null`, `.dynstr`, `.dynamic`, `.shstrtab`); default none, as after `sstrip`. */
  readonly sections?: boolean;
  /** Where the program header table is. `patchelf` moves it to the end. */
  readonly table?: 'start' | 'end';
  /** PN_XNUM in e_phnum, the true count in section 0. */
  readonly extendedCount?: boolean;
  /** Bytes that follow everything the headers describe, like the payload of an installer. */
  readonly trailing?: string;
}
