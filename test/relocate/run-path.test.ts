import { describe, expect, it } from 'vitest';
import { DF_1_NODEFLIB, DF_1_PIE, PT_INTERP } from '../../src/elf/constants.ts';
import type { ElfFacts } from '../../src/elf/facts.ts';
import { readElf } from '../../src/elf/read.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { firstGenerationEdits, reopenDefaultDirectories } from '../../src/relocate/run-path.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { writeElf } from '../lab/elf-writer.ts';
import { edited, facts } from './elf.ts';

const lib = '/usr/local/btop/lib';

describe('firstGenerationEdits', () => {
  const interpreter = `${lib}/ld-linux-x86-64.so.2`;
  const kinds = (file: ElfFacts) =>
    firstGenerationEdits(file, { interpreter, libraryDirectory: lib }).map(({ kind }) => kind);
  // too small for the new one
  const segments = [{ type: PT_INTERP, filesz: 28 }];
  const needed = [{ tag: 'needed', name: 'libc.so.6' }] as const;

  it.each<[name: string, file: ElfFacts, kinds: string[]]>([
    [
      'sets interpreter and run path of a program',
      facts({ interpreter: '/lib/ld.so', segments, dynamic: { needed, flags1: DF_1_PIE } }),
      ['interpreter', 'no-default-lib', 'run-path'],
    ],
    [
      'sets the run path of a library',
      facts({ dynamic: { needed, soname: 'libz.so.1' } }),
      ['no-default-lib', 'run-path'],
    ],
    [
      'sets only the run path of libc, although it has an interpreter',
      facts({ interpreter: '/lib/ld.so', dynamic: { soname: 'libc.so.6' } }),
      ['no-default-lib', 'run-path'],
    ],
    [
      'sets only the interpreter of a static PIE that Go made',
      facts({ interpreter: '/lib/ld.so', segments, dynamic: { flags1: DF_1_PIE } }),
      ['interpreter'],
    ],
    ['leaves a static program alone', facts(), []],
  ])('%s', (_name, file, expected) => {
    expect(kinds(file)).toEqual(expected);
  });

  it('sets an interpreter in place if it fits', () => {
    const program = facts({ interpreter: '/lib/ld.so', segments, dynamic: { flags1: DF_1_PIE } });
    const fits = { interpreter: '/usr/local/btop/ld.so', libraryDirectory: lib };
    expect(firstGenerationEdits(program, fits).map(({ kind }) => kind)).toEqual(['bytes']);
  });

  it('sets RUNPATH rather than RPATH', () => {
    const edits = firstGenerationEdits(facts({ dynamic: { needed } }), {
      interpreter,
      libraryDirectory: lib,
    });
    expect(edits).toContainEqual({ kind: 'run-path', value: lib, force: 'runpath' });
  });
});

describe('reopenDefaultDirectories', () => {
  it.each<ElfRecipe>([
    {},
    { class: 32 },
    { class: 64, endian: 'big', machine: 22 },
    { class: 32, endian: 'big', machine: 20 },
  ])('clears DF_1_NODEFLIB and changes nothing else: %j', shape => {
    const recipe = { ...shape, needed: ['libx.so'], soname: 'x', runpath: '/y' };
    const content = writeElf({ ...recipe, flags1: DF_1_NODEFLIB + DF_1_PIE });
    const edits = reopenDefaultDirectories(readElf(bytesReader(content)));
    expect(edits).toHaveLength(1);
    expect(edited(content, edits)).toEqual(writeElf({ ...recipe, flags1: DF_1_PIE }));
  });

  it.each<ElfRecipe>([{}, { flags1: DF_1_PIE }])('leaves a file without the flag alone: %j', recipe => {
    expect(reopenDefaultDirectories(readElf(bytesReader(writeElf(recipe))))).toEqual([]);
  });
});
