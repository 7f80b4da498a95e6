import type { ElfFacts, ElfHeader, Segment } from '../../src/elf/facts.ts';
import * as c from '../../src/elf/constants.ts';
import { applyBytes, type Edit } from '../../src/relocate/edit.ts';

const header: ElfHeader = {
  class: 64,
  endian: 'little',
  osabi: 0,
  abiVersion: 0,
  padded: true,
  current: true,
  type: c.ET_DYN,
  machine: c.EM_X86_64,
  flags: 0,
  phoff: 64,
  phnum: 0,
  shoff: 0,
  shnum: 0,
  shentsize: 0,
};

/** Returns the facts of a file that need not exist. */
export function facts(
  given: {
    readonly header?: Partial<ElfHeader>;
    readonly segments?: readonly Partial<Segment>[];
    readonly interpreter?: string;
    readonly dynamic?: Partial<NonNullable<ElfFacts['dynamic']>>;
  } = {},
): ElfFacts {
  const none = { type: 0, flags: 4, offset: 0, vaddr: 0, filesz: 0, memsz: 0, align: 1 };
  const dynamic = {
    needed: [],
    soname: undefined,
    rpath: undefined,
    runpath: undefined,
    runPathEntries: [],
    flags1: 0,
    flags1Offset: undefined,
    relr: false,
  };
  return {
    header: { ...header, ...given.header },
    segments: (given.segments ?? []).map(segment => ({ ...none, ...segment })),
    executableStack: false,
    interpreter: given.interpreter,
    dynamic: given.dynamic && { ...dynamic, ...given.dynamic },
    versions: undefined,
  };
}

/** Returns a file without a header, with one executable and one read-only segment, which is all that sealing reads. */
export function loaderOf(
  code: Uint8Array,
  text: string,
  machine: number,
): { content: Buffer; facts: ElfFacts } {
  const data = Buffer.from(text, 'latin1');
  const padding = Buffer.alloc((8 - (code.length % 8)) % 8);
  const dataAt = code.length + padding.length;
  return {
    content: Buffer.concat([code, padding, data]),
    facts: facts({
      header: { machine },
      segments: [
        { type: c.PT_LOAD, flags: 5, offset: 0, filesz: code.length },
        { type: c.PT_LOAD, flags: 4, offset: dataAt, filesz: data.length },
      ],
    }),
  };
}

/** Returns a copy to which the byte edits are applied. */
export function edited(content: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const copy = Uint8Array.from(content);
  const read = (offset: number, length: number) => copy.subarray(offset, offset + length);
  applyBytes({ read, write: (offset, bytes) => copy.set(bytes, offset) }, edits);
  return copy;
}
