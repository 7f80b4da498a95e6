import { describe, expect, it } from 'vitest';
import { DF_1_NODEFLIB, DF_1_PIE } from '../../src/elf/constants.ts';
import { readElf } from '../../src/elf/read.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { reopenDefaultDirectories } from '../../src/relocate/reopen-default-directories.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { writeElf } from '../lab/elf-writer.ts';
import { edited } from './elf.ts';

describe('a file that was told to leave the default directories out', () => {
  it.each<ElfRecipe>([
    {},
    { class: 32 },
    { class: 64, endian: 'big', machine: 22 },
    { class: 32, endian: 'big', machine: 20 },
  ])('takes them in again, and stays as it was otherwise: %j', shape => {
    const recipe = { ...shape, needed: ['libx.so'], soname: 'x', runpath: '/y' };
    const content = writeElf({ ...recipe, flags1: DF_1_NODEFLIB + DF_1_PIE });
    const edits = reopenDefaultDirectories(readElf(bytesReader(content)));
    expect(edits).toHaveLength(1);
    expect(edited(content, edits)).toEqual(writeElf({ ...recipe, flags1: DF_1_PIE }));
  });

  it.each<ElfRecipe>([{}, { flags1: DF_1_PIE }])('others are left alone: %j', recipe => {
    expect(reopenDefaultDirectories(readElf(bytesReader(writeElf(recipe))))).toEqual([]);
  });
});
