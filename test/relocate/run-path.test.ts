import { describe, expect, it } from 'vitest';
import { DF_1_PIE } from '../../src/elf/constants.ts';
import type { ElfFacts } from '../../src/elf/facts.ts';
import { firstGenerationEdits } from '../../src/relocate/run-path.ts';
import { facts } from './elf.ts';

const lib = '/usr/local/btop/lib';
describe('first generation', () => {
  const interpreter = `${lib}/ld-linux-x86-64.so.2`;
  const kinds = (file: ElfFacts) =>
    firstGenerationEdits(file, { interpreter, libraryDirectory: lib }).map(({ kind }) => kind);
  const needed = [{ tag: 'needed', name: 'libc.so.6' }] as const;

  it.each<[name: string, file: ElfFacts, kinds: string[]]>([
    [
      'a program',
      facts({ interpreter: '/lib/ld.so', dynamic: { needed, flags1: DF_1_PIE } }),
      ['interpreter', 'no-default-lib', 'run-path'],
    ],
    ['a library', facts({ dynamic: { needed, soname: 'libz.so.1' } }), ['no-default-lib', 'run-path']],
    [
      'libc, which has an interpreter too',
      facts({ interpreter: '/lib/ld.so', dynamic: { soname: 'libc.so.6' } }),
      ['no-default-lib', 'run-path'],
    ],
    [
      'a static PIE of Go',
      facts({ interpreter: '/lib/ld.so', dynamic: { flags1: DF_1_PIE } }),
      ['interpreter'],
    ],
    ['a static program', facts(), []],
  ])('%s', (_name, file, expected) => {
    expect(kinds(file)).toEqual(expected);
  });

  it('sets RUNPATH, as it always did', () => {
    const edits = firstGenerationEdits(facts({ dynamic: { needed } }), {
      interpreter,
      libraryDirectory: lib,
    });
    expect(edits).toContainEqual({ kind: 'run-path', value: lib, force: 'runpath' });
  });
});
