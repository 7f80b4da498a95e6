import { describe, expect, it } from 'vitest';
import { PT_GNU_PROPERTY, PT_NOTE } from '../../src/elf/constants.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { type ParsedElf, propertyHeaderEdit } from '../../src/relocate/property-header.ts';
import { edited, facts } from './elf.ts';

const PHOFF = 64;
const ENTRY = 56;
const NOTE = 'GNU\0 properties';

/** Two program headers, PT_GNU_PROPERTY and PT_NOTE, that point to these offsets, and a text at each offset. */
function elf(
  property: number,
  note: number,
  texts: Readonly<Record<number, string>>,
): ParsedElf & { bytes: Buffer } {
  const bytes = Buffer.alloc(512);
  const segments = [
    { type: PT_GNU_PROPERTY, offset: property },
    { type: PT_NOTE, offset: note },
  ].map((segment, index) => {
    const at = PHOFF + index * ENTRY;
    bytes.writeUInt32LE(segment.type, at);
    for (const field of [8, 16, 24]) bytes.writeBigUInt64LE(BigInt(segment.offset), at + field);
    return { ...segment, vaddr: segment.offset, filesz: NOTE.length, memsz: NOTE.length };
  });
  for (const [at, text] of Object.entries(texts)) bytes.write(text, Number(at), 'latin1');
  return {
    bytes,
    reader: bytesReader(bytes),
    facts: facts({ header: { phoff: PHOFF, phnum: 2 }, segments }),
  };
}

describe('propertyHeaderEdit', () => {
  const before = elf(200, 200, { 200: NOTE });

  it('points PT_GNU_PROPERTY to the note that patchelf moved', () => {
    const after = elf(200, 300, { 200: 'something else!!', 300: NOTE });
    const repaired = edited(after.bytes, [propertyHeaderEdit(before, after)!]);
    expect(Buffer.from(repaired)).toEqual(elf(300, 300, { 200: 'something else!!', 300: NOTE }).bytes);
  });

  it.each([
    ['it is right', elf(200, 200, { 200: NOTE })],
    ['the note is nowhere', elf(200, 300, { 300: 'another note....' })],
  ])('returns nothing if %s', (_, after) => {
    expect(propertyHeaderEdit(before, after)).toBeUndefined();
  });
});
