import { describe, expect, it } from 'vitest';
import { readElf } from '../../src/elf/read.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { importsAmong, readSymbols, type Symbols } from '../../src/elf/symbols.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { writeElf } from '../lab/elf-writer.ts';
import { kinds } from './kinds.ts';

function symbols(recipe: ElfRecipe): Symbols {
  const reader = bytesReader(writeElf(recipe));
  return readSymbols(reader, readElf(reader))!;
}

const reference = (text: string) => {
  const version = text.split('@')[1];
  const recipe = { references: [text], ...(version ? { verneed: { 'libx.so': [version] } } : {}) };
  return symbols(recipe).references[0]!;
};

describe.each(kinds)('%s', (_, kind) => {
  it('lists what it looks up, and in which file', () => {
    const { references } = symbols({
      ...kind,
      references: ['plain', 'weak?', 'versioned@V2'],
      verneed: { 'liba.so.1': ['V1', 'V2'] },
      verdef: ['OWN_1'],
      defines: ['own@@OWN_1'],
    });
    expect(references.map(({ name, version, file, weak }) => [name, version, file, weak])).toEqual([
      ['plain', undefined, undefined, false],
      ['weak', undefined, undefined, true],
      ['versioned', 'V2', 'liba.so.1', false],
    ]);
  });

  it('imports what it refers to and does not define, by the whole name', () => {
    const reader = bytesReader(
      writeElf({ ...kind, references: ['dlopen', 'dladdr1', 'my_dlsym', 'weak?'], defines: ['dlclose'] }),
    );
    const names = new Set(['dlopen', 'dladdr', 'dlsym', 'weak', 'dlclose', 'd']);
    expect([...importsAmong(reader, readElf(reader), names)]).toEqual(['dlopen', 'weak']);
  });

  it('finds a symbol under the conditions of check_match', () => {
    const library = symbols({
      ...kind,
      soname: 'libx.so',
      verdef: ['V1', 'V2', 'V3'],
      defines: ['default@@V3', 'hidden@V3', 'first@V1', 'unversioned'],
      references: ['undefined'],
    });
    const ends = (text: string) => library.defines(reference(text));
    expect(
      ['default@V3', 'default', 'hidden@V3', 'first', 'unversioned', 'unversioned@V2'].filter(ends),
    ).toEqual(['default@V3', 'default', 'hidden@V3', 'first', 'unversioned', 'unversioned@V2']);
    expect(['default@V2', 'hidden', 'hidden@V2', 'undefined', 'absent'].filter(ends)).toEqual([]);
  });
});

describe('an object without symbol versions', () => {
  it('satisfies a reference to any version', () => {
    expect(symbols({ defines: ['plain'] }).defines(reference('plain@V9'))).toBe(true);
  });
});
