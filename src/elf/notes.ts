import { PT_GNU_PROPERTY, PT_NOTE } from './constants.ts';
import { ElfError } from './error.ts';
import type { ElfHeader, Segment } from './facts.ts';
import { type Reader, readRange } from './reader.ts';
import { text } from './strings.ts';
import { Words } from './words.ts';

/** One note of a PT_NOTE or PT_GNU_PROPERTY segment. */
export interface Note {
  readonly name: string;
  readonly type: number;
  readonly desc: Uint8Array;
}

/** Real files hold a few hundred bytes of notes, Go programs and Linux kernels some thousand. */
const MAX_NOTES = 1024 * 1024;

/** All notes of the segments of one type, in their order. Throws `ElfError` where one lies outside the file. */
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
