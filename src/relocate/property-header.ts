import { PT_GNU_PROPERTY, PT_NOTE } from '../elf/constants.ts';
import type { ElfFacts, Segment } from '../elf/facts.ts';
import { type Reader, readRange } from '../elf/reader.ts';
import type { ByteEdit } from './edit.ts';

/** A file and its facts. */
export interface ParsedElf {
  readonly reader: Reader;
  readonly facts: ElfFacts;
}

/** Where a program header has its offset, virtual and physical address, in bytes. */
const PLACE = { 64: { at: 8, length: 24 }, 32: { at: 4, length: 12 } } as const;

/**
 * Repairs PT_GNU_PROPERTY. When patchelf 0.14 moves the notes of a program, that header keeps pointing to the old
 * offset, where there are now other bytes, and the arm64 kernel refuses to start the program (Linux fs/binfmt_elf.c,
 * parse_elf_properties). The note is also in a PT_NOTE, which patchelf did update.
 *
 * @returns the edit of the patched file; `undefined` if nothing is wrong, or the note was not found
 */
export function propertyHeaderEdit(before: ParsedElf, after: ParsedElf): ByteEdit | undefined {
  const note = contentOf(before, before.facts.segments.find(isProperty));
  const index = after.facts.segments.findIndex(isProperty);
  const { header, segments } = after.facts;
  if (note === undefined || index < 0 || note.equals(contentOf(after, segments[index])!)) return undefined;
  const moved = segments.findIndex(
    segment => segment.type === PT_NOTE && note.equals(contentOf(after, segment)!),
  );
  if (moved < 0) return undefined;
  const { at, length } = PLACE[header.class];
  const size = header.class === 64 ? 56 : 32;
  const place = (entry: number) => header.phoff + entry * size + at;
  const read = (entry: number) =>
    Uint8Array.from(readRange(after.reader, place(entry), length, 'a program header'));
  const why = 'points PT_GNU_PROPERTY to its note again';
  return { kind: 'bytes', offset: place(index), before: read(index), after: read(moved), why };
}

function isProperty({ type }: Segment): boolean {
  return type === PT_GNU_PROPERTY;
}

function contentOf({ reader }: ParsedElf, segment: Segment | undefined): Buffer | undefined {
  return segment && Buffer.from(readRange(reader, segment.offset, segment.filesz, 'a note segment'));
}
