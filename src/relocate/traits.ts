import type { ElfFacts } from '../elf/facts.ts';
import { readNotes } from '../elf/notes.ts';
import { type Reader, readRange } from '../elf/reader.ts';
import { Words } from '../elf/words.ts';

const SHT_NOBITS = 8;
/** Go pads the name with a second NUL, which it counts (cmd/link/internal/ld/elf.go). */
const GO_NOTE = /^Go\0?$/;
const PT_GNU_EH_FRAME = 0x6474e550;

/** What decides, besides the facts, whether patchelf breaks a file. */
export interface Traits {
  /** Number of bytes after everything that the ELF headers refer to. */
  readonly trailing: number;
  /** Go's own linker linked the file, not the system's. */
  readonly internalGo: boolean;
}

/** Reads the traits of a file. Throws `ElfError` if the section header table is outside the file. */
export function readTraits(reader: Reader, facts: ElfFacts): Traits {
  const { header, segments } = facts;
  const go = readNotes(reader, header, segments).some(({ name }) => GO_NOTE.test(name));
  // the system's linker adds a program header for .eh_frame; Go's never does
  const internalGo = go && !segments.some(({ type }) => type === PT_GNU_EH_FRAME);
  return { trailing: Math.max(0, reader.size - endOfElf(reader, facts)), internalGo };
}

function endOfElf(reader: Reader, { header, segments }: ElfFacts): number {
  const phentsize = header.class === 64 ? 56 : 32;
  const ends = segments.map(({ offset, filesz }) => offset + filesz);
  ends.push(header.phoff + header.phnum * phentsize, ...sectionEnds(reader, header));
  return Math.max(...ends);
}

/** Returns where the section header table and each section end. Go and old versions of patchelf put the table first. */
function sectionEnds(
  reader: Reader,
  { class: elfClass, endian, shoff, shnum, shentsize }: ElfFacts['header'],
): number[] {
  if (shoff === 0) return [];
  const wide = elfClass === 64;
  const entry = (index: number): { type: number; offset: number; size: number } => {
    const at = shoff + index * shentsize;
    const words = new Words(readRange(reader, at, wide ? 64 : 40, 'a section header'), endian, at);
    if (wide) return { type: words.u32(4), offset: words.u64(24), size: words.u64(32) };
    return { type: words.u32(4), offset: words.u32(16), size: words.u32(20) };
  };
  // if e_shnum is 0, the count is in the size of section 0 (gABI)
  const count = shnum === 0 ? entry(0).size : shnum;
  const ends = [shoff + count * shentsize];
  for (let index = 1; index < count; index++) {
    const { type, offset, size } = entry(index);
    if (type !== SHT_NOBITS) ends.push(offset + size);
  }
  return ends;
}
