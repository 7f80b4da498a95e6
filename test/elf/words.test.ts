import { describe, expect, it } from 'vitest';
import { offsetOf } from '../../src/elf/header.ts';
import { PT_GNU_PROPERTY, PT_LOAD, PT_NOTE } from '../../src/elf/constants.ts';
import { ElfError } from '../../src/elf/error.ts';
import type { Segment } from '../../src/elf/facts.ts';
import { readNotes } from '../../src/elf/notes.ts';
import { readRange } from '../../src/elf/reader.ts';
import { StringTable } from '../../src/elf/strings.ts';
import { Words } from '../../src/elf/words.ts';
import { Bytes } from '../lab/bytes.ts';
import { facts } from '../relocate/elf.ts';
import { guarded } from './guard.ts';

const bytes = Uint8Array.from([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x80]);

describe('words', () => {
  it('are read in the byte order of the file', () => {
    const [little, big] = [new Words(bytes, 'little'), new Words(bytes, 'big')];
    expect([little.u64clipped(0), new Words(bytes.subarray(0), 'big').u64clipped(0)]).toEqual([
      Number.MAX_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
    ]);
    expect([little.u16(0), big.u16(0)]).toEqual([0x0201, 0x0102]);
    expect([little.u32(1), big.u32(1)]).toEqual([0x05040302, 0x02030405]);
    expect([little.u64big(0), big.u64big(0)]).toEqual([0x8007060504030201n, 0x0102030405060780n]);
    expect(new Words(Uint8Array.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0]), 'little').u64(0)).toBe(
      Number.MAX_SAFE_INTEGER - 1,
    );
  });

  it('are rejected if they are too large for a file, or outside the table', () => {
    const words = new Words(bytes, 'little', 100);
    expect(() => words.u64(0)).toThrow(expect.objectContaining({ code: 'range', offset: 100 }));
    for (const read of [() => words.u16(7), () => words.u32(5), () => words.u64big(1), () => words.u32(-1)])
      expect(read).toThrow(expect.objectContaining({ code: 'truncated' }));
  });
});

describe('strings', () => {
  const table = (size: number, fill: (at: number) => number) =>
    guarded(Uint8Array.from({ length: size }, (_, at) => fill(at)));

  it('end at their NUL, in small and in large tables', () => {
    for (const size of [100, 200_000]) {
      const strings = new StringTable(
        table(size, at => (at % 50 === 49 ? 0 : 0x41 + (at % 26))),
        10,
        size - 10 - 1,
      );
      expect(strings.at(0)).toHaveLength(39);
      expect(strings.at(39)).toBe('');
      expect(() => strings.at(size - 11)).toThrow(ElfError);
    }
  });

  it('are read whole if they are longer than a block, and rejected if they have no end', () => {
    const reader = table(300_000, at => (at === 250_000 ? 0 : 0x41));
    expect(new StringTable(reader, 0, 300_000).at(1)).toHaveLength(249_999);
    for (const at of [250_001, 299_999])
      expect(() => new StringTable(reader, 0, 300_000).at(at)).toThrow(
        expect.objectContaining({ code: 'string' }),
      );
    expect(() => new StringTable(reader, 1, 300_000)).toThrow(expect.objectContaining({ code: 'truncated' }));
  });

  it('are accepted if they are not UTF-8', () => {
    expect(new StringTable(guarded(Uint8Array.from([0x61, 0xff, 0])), 0, 3).at(0)).toBe('a\uFFFD');
  });
});

describe('ranges and addresses', () => {
  it.each([
    [-1, 1],
    [0, 9],
    [8, 1],
    [0.5, 1],
    [2 ** 60, 1],
    [Number.NaN, 1],
    [0, -1],
  ])('at %d of length %d are rejected outside the file', (offset, length) => {
    expect(() => readRange(guarded(bytes), offset, length, 'it')).toThrow(
      expect.objectContaining({ code: 'truncated' }),
    );
  });

  it('translate an address only if a PT_LOAD contains it', () => {
    const load = { type: PT_LOAD, flags: 4, offset: 100, vaddr: 0x1000, filesz: 50, memsz: 500, align: 1 };
    const segments: Segment[] = [{ ...load, type: 7 }, load];
    expect(offsetOf(segments, 0x1031, 'it')).toBe(149);
    for (const address of [0xfff, 0x1032])
      expect(() => offsetOf(segments, address, 'it')).toThrow(expect.objectContaining({ code: 'address' }));
  });
});

describe('notes', () => {
  const note = (name: string, type: number, desc: number[], align = 4) =>
    new Bytes(64, 'little')
      .u32(name.length + 1, desc.length, type)
      .raw(Buffer.from(`${name}\0`))
      .align(align)
      .raw(desc)
      .align(align)
      .done();
  const read = (
    content: Uint8Array,
    segment: Partial<Segment> = {},
    type: typeof PT_NOTE | typeof PT_GNU_PROPERTY = PT_NOTE,
  ) => {
    const { header, segments } = facts({
      segments: [{ type, filesz: content.length, align: 4, ...segment }],
    });
    return readNotes(guarded(content), header, segments, type).map(({ name, type: kind, desc }) => [
      name,
      kind,
      [...desc],
    ]);
  };

  it('follow each other with padding', () => {
    const content = Buffer.concat([note('GNU', 3, [1, 2, 3]), note('Go', 4, [9]), note('', 1, [])]);
    expect(read(content)).toEqual([
      ['GNU', 3, [1, 2, 3]],
      ['Go', 4, [9]],
      ['', 1, []],
    ]);
  });

  it('of properties are padded to 8 bytes', () => {
    const content = Buffer.concat([note('GNU', 5, [1, 2, 3, 4, 5], 8), note('GNU', 6, [7], 8)]);
    expect(read(content, { align: 8 }, PT_GNU_PROPERTY)).toEqual([
      ['GNU', 5, [1, 2, 3, 4, 5]],
      ['GNU', 6, [7]],
    ]);
  });

  it('end the list if one claims more bytes than there are', () => {
    expect(
      read(
        Buffer.concat([note('GNU', 3, [1]), Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 1, 0, 0, 0])]),
      ),
    ).toEqual([['GNU', 3, [1]]]);
    expect(() => read(note('GNU', 3, [1]), { filesz: 1000 })).toThrow(
      expect.objectContaining({ code: 'truncated' }),
    );
  });

  it('are rejected if they have several megabytes', () => {
    expect(() => read(new Uint8Array(2 * 1024 * 1024))).toThrow(expect.objectContaining({ code: 'limit' }));
  });
});
