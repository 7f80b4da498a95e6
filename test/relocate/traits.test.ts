import { describe, expect, it } from 'vitest';
import { readElf } from '../../src/elf/read.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { readTraits } from '../../src/relocate/traits.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { writeElf } from '../lab/elf-writer.ts';
import { facts } from './elf.ts';

describe('data after the ELF part', () => {
  it.each<[name: string, recipe: ElfRecipe, trailing: number]>([
    ['nothing', {}, 0],
    ['nothing after the sections', { sections: true }, 0],
    ['nothing if section 0 has the number of sections', { extendedCount: true }, 0],
    ['an archive', { trailing: 'PK\x03\x04' }, 4],
    ['an archive after the sections', { sections: true, trailing: 'PK\x03\x04' }, 4],
    ['an archive after a 32-bit file', { class: 32, sections: true, trailing: 'x' }, 1],
    ['an archive after a big-endian file', { endian: 'big', sections: true, trailing: 'xy' }, 2],
  ])('is measured: %s', (_name, recipe, trailing) => {
    const reader = bytesReader(writeElf(recipe));
    expect(readTraits(reader, readElf(reader)).trailing).toBe(trailing);
  });
});

describe("Go's own linker", () => {
  const PT_NOTE = 4;
  const PT_GNU_EH_FRAME = 0x6474e550;
  const note = Buffer.from('\x04\0\0\0\x04\0\0\0\x04\0\0\0Go\0\0hash', 'latin1');
  const gnu = Buffer.from('\x04\0\0\0\x04\0\0\0\x03\0\0\0GNU\0hash', 'latin1');

  it.each<[name: string, content: Buffer, others: number[], internal: boolean]>([
    ['its note alone', note, [], true],
    ["its note, and the system's linker", note, [PT_GNU_EH_FRAME], false],
    ['no note of it', gnu, [], false],
  ])('is recognised by its note and the lack of .eh_frame: %s', (_name, content, others, internal) => {
    const segments = [{ type: PT_NOTE, filesz: content.length, align: 4 }, ...others.map(type => ({ type }))];
    expect(readTraits(bytesReader(content), facts({ segments })).internalGo).toBe(internal);
  });
});
