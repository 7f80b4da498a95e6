import { describe, expect, it } from 'vitest';
import * as c from '../../src/elf/constants.ts';
import { readHeader, readSegments, rangeFrom } from '../../src/elf/header.ts';
import { readElf } from '../../src/elf/read.ts';
import { writeElf } from '../lab/elf-writer.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { guarded } from './guard.ts';
import { kinds, patched } from './kinds.ts';

const base: ElfRecipe = { interp: '/ld.so', needed: ['libc.so.6'] };
const code = (bytes: Uint8Array) => {
  try {
    const reader = guarded(bytes);
    return readSegments(reader, readHeader(reader)).length;
  } catch (error) {
    return (error as { code?: string }).code ?? error;
  }
};

describe.each(kinds)('the header of a $class-bit $endian-endian file', kind => {
  it('is read as it was written', () => {
    const header = readHeader(
      guarded(
        writeElf({
          ...base,
          ...kind,
          machine: c.EM_MIPS,
          osabi: 3,
          abiVersion: 1,
          flags: 0x8000_0001,
          type: 'exec',
          sections: true,
        }),
      ),
    );
    expect(header).toMatchObject({
      ...kind,
      machine: c.EM_MIPS,
      osabi: 3,
      abiVersion: 1,
      flags: 0x8000_0001,
      type: c.ET_EXEC,
      padded: true,
      current: true,
      phnum: 5,
      shnum: 4,
    });
    expect(header.phoff).toBe(kind.class === 64 ? 64 : 52);
    expect(header.shentsize).toBe(kind.class === 64 ? 64 : 40);
  });

  it('names the program headers', () => {
    const reader = guarded(writeElf({ ...base, ...kind }));
    const segments = readSegments(reader, readHeader(reader));
    expect(segments.map(({ type }) => type)).toEqual([
      c.PT_PHDR,
      c.PT_INTERP,
      c.PT_LOAD,
      c.PT_DYNAMIC,
      c.PT_GNU_STACK,
    ]);
    expect(segments[1]).toMatchObject({ flags: 6, filesz: 7, memsz: 7, align: 1 });
    expect(segments[2]).toMatchObject({ offset: 0, vaddr: 0, align: 0x10000 });
  });

  it('finds a table at the end of the file, and a count above 65,534 (PN_XNUM)', () => {
    const plain = readElf(guarded(writeElf({ ...base, ...kind })));
    for (const more of [
      { table: 'end' },
      { extendedCount: true },
      { table: 'end', extendedCount: true },
    ] as const) {
      const facts = readElf(guarded(writeElf({ ...base, ...kind, ...more })));
      expect(facts.header.phnum).toBe(5);
      expect(facts.segments.map(({ type }) => type)).toEqual(plain.segments.map(({ type }) => type));
      expect(facts.dynamic?.needed).toEqual(plain.dynamic?.needed);
    }
  });

  it('rejects a file that is cut off at any byte of its headers', () => {
    const bytes = writeElf({ ...base, ...kind });
    for (let length = 0; length < (kind.class === 64 ? 64 + 5 * 56 : 52 + 5 * 32); length++)
      expect(code(bytes.subarray(0, length)), `${length} bytes`).toBe(
        length < (kind.class === 64 ? 64 : 52) ? 'short' : 'truncated',
      );
  });
});

describe('a malformed header', () => {
  const bytes = writeElf(base);
  it.each<[name: string, at: number, value: number[], expected: string | number]>([
    ['no magic', 1, [0x65], 'magic'],
    ['no class', 4, [0], 'class'],
    ['class 3', 4, [3], 'class'],
    ['no byte order', 5, [0], 'data'],
    ['a table beyond the file', 32, [0xff, 0xff, 0xff], 'truncated'],
    ['a table beyond 2^53', 39, [0xff], 'range'],
    ['entries of another size', 54, [55], 'phentsize'],
    ['no entries, of whatever size', 54, [0, 0, 0, 0], 0],
    ['more entries than the file holds', 56, [0xff, 0x0f], 'truncated'],
    ['PN_XNUM without a section', 56, [0xff, 0xff], 'truncated'],
  ])('%s', (_name, at, value, expected) => {
    expect(code(patched(bytes, at, value))).toBe(expected);
  });

  it('is rejected if it claims four thousand million program headers', () => {
    const extended = writeElf({ ...base, extendedCount: true });
    const { shoff } = readHeader(guarded(extended));
    expect(code(patched(extended, shoff + 44, [0xff, 0xff, 0xff, 0xff]))).toBe('limit');
  });

  it('is rejected if it claims impossible program headers', () => {
    expect(code(patched(bytes, 64 + 8 + 7, [0xff]))).toBe('range');
  });

  it.each([
    ['EI_VERSION', 6, 'current'],
    ['e_version', 20, 'current'],
    ['EI_PAD', 12, 'padded'],
  ] as const)('in %s is told, since glibc looks there', (_name, at, field) => {
    expect(readHeader(guarded(patched(bytes, at, [7])))[field]).toBe(false);
  });
});

describe('rangeFrom', () => {
  const load = (vaddr: number, offset: number, filesz: number) => ({
    type: 1,
    flags: 4,
    offset,
    vaddr,
    filesz,
    memsz: filesz,
    align: 0x1000,
  });

  it('ends with the segment, or with those that follow it in memory and in the file', () => {
    const segments = [load(0x1000, 0, 0x1000), load(0x2000, 0x1000, 0x500), load(0x3000, 0x1500, 0x100)];
    expect(rangeFrom(segments, 0x1800, 'it')).toEqual({ offset: 0x800, end: 0x1500 });
    expect(rangeFrom(segments, 0x2000, 'it')).toEqual({ offset: 0x1000, end: 0x1500 });
    expect(rangeFrom(segments, 0x3080, 'it')).toEqual({ offset: 0x1580, end: 0x1600 });
    expect(() => rangeFrom(segments, 0x2800, 'it')).toThrow('is in no loaded segment');
  });
});
