import { EM_386, EM_X86_64, PT_GNU_PROPERTY, PT_NOTE } from './constants.ts';
import { ElfError } from './error.ts';
import type { ElfFacts, ElfHeader, Segment } from './facts.ts';
import { type Reader, readRange } from './reader.ts';
import { text } from './strings.ts';
import { Words } from './words.ts';

/** One note of a PT_NOTE or PT_GNU_PROPERTY segment. */
export interface Note {
  readonly name: string;
  readonly type: number;
  readonly desc: Uint8Array;
}

/** Real files contain a few hundred bytes of notes; Go programs and Linux kernels, some thousands. */
const MAX_NOTES = 1024 * 1024;

/** Returns the notes of all segments of one type, in their order. Throws `ElfError` if a segment is outside the file. */
export function readNotes(
  reader: Reader,
  header: ElfHeader,
  segments: readonly Segment[],
  type: typeof PT_NOTE | typeof PT_GNU_PROPERTY = PT_NOTE,
): Note[] {
  const notes: Note[] = [];
  let left = MAX_NOTES;
  for (const segment of segments) {
    if (segment.type !== type) continue;
    left -= segment.filesz;
    if (left < 0) throw new ElfError('limit', segment.offset, `more than ${MAX_NOTES} bytes of notes`);
    const bytes = readRange(reader, segment.offset, segment.filesz, 'a note segment');
    const words = new Words(bytes, header.endian, segment.offset);
    // 8-byte alignment is used by .note.gnu.property in 64-bit files only (Linux gABI extensions)
    const align = segment.align === 8 ? 8 : 4;
    const up = (value: number) => Math.ceil(value / align) * align;
    for (let at = 0; at + 12 <= bytes.length;) {
      const nameSize = words.u32(at);
      const descSize = words.u32(at + 4);
      const descAt = up(at + 12 + nameSize);
      if (descAt + descSize > bytes.length) break;
      notes.push({
        name: text(bytes.subarray(at + 12, at + 12 + Math.max(0, nameSize - 1))),
        type: words.u32(at + 8),
        desc: bytes.subarray(descAt, descAt + descSize),
      });
      at = up(descAt + descSize);
    }
  }
  return notes;
}

/** A library that an object declares it opens at run time: the first of `sonames` that is present. */
export interface DlopenNote {
  readonly sonames: readonly string[];
  readonly priority: 'required' | 'recommended' | 'suggested';
  readonly description: string | undefined;
}

const NT_FDO_DLOPEN = 0x407c0c0a;

/** Returns the notes of the ELF dlopen metadata specification (UAPI, `.note.dlopen`). Throws `ElfError`. */
export function readDlopenNotes(reader: Reader, { header, segments }: ElfFacts): DlopenNote[] {
  return readNotes(reader, header, segments, PT_NOTE).flatMap(({ name, type, desc }) =>
    name === 'FDO' && type === NT_FDO_DLOPEN ? parse(text(desc).replace(/\0+$/, '')) : [],
  );
}

/** Parses an array of objects. Skips whatever is not one, as other readers do. */
function parse(json: string): DlopenNote[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return [];
  }
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const { soname, priority, description } = (entry ?? {}) as Record<string, unknown>;
    const sonames = Array.isArray(soname) ? soname.filter(name => typeof name === 'string') : [];
    if (sonames.length === 0) return [];
    return [
      {
        sonames,
        priority: priority === 'required' || priority === 'suggested' ? priority : 'recommended',
        description: typeof description === 'string' ? description : undefined,
      },
    ];
  });
}

const NT_GNU_PROPERTY_TYPE_0 = 5;
const GNU_PROPERTY_X86_ISA_1_NEEDED = 0xc0008002;

/**
 * Returns the level of x86-64 that an object declares it needs, from 1 (every processor) to 4; 1 if it declares none
 * (x86-64 psABI, "Program Property"). glibc since 2.33 refuses an object whose level the processor lacks. Throws
 * `ElfError`.
 */
export function isaLevel(reader: Reader, { header, segments }: ElfFacts): number {
  if (header.machine !== EM_X86_64 && header.machine !== EM_386) return 1;
  let needed = 1;
  for (const { name, type, desc } of readNotes(reader, header, segments, PT_GNU_PROPERTY)) {
    if (name !== 'GNU' || type !== NT_GNU_PROPERTY_TYPE_0) continue;
    const words = new Words(desc, header.endian);
    for (let at = 0; at + 8 <= desc.length;) {
      const size = words.u32(at + 4);
      if (words.u32(at) === GNU_PROPERTY_X86_ISA_1_NEEDED && size === 4) needed |= words.u32(at + 8);
      at += 8 + Math.ceil(size / (header.class / 8)) * (header.class / 8);
    }
  }
  // one bit for each level
  return Math.min(4, 32 - Math.clz32(needed));
}
