import { describe, expect, it } from 'vitest';
import { DF_1_PIE, PT_INTERP } from '../../src/elf/constants.ts';
import type { ElfFacts } from '../../src/elf/facts.ts';
import { firstGenerationEdits } from '../../src/relocate/run-path.ts';
import { facts } from './elf.ts';

const lib = '/usr/local/btop/lib';
describe('first generation', () => {
  const interpreter = `${lib}/ld-linux-x86-64.so.2`;
  const kinds = (file: ElfFacts) =>
    firstGenerationEdits(file, { interpreter, libraryDirectory: lib }).map(({ kind }) => kind);
  // too small for the new one
  const segments = [{ type: PT_INTERP, filesz: 28 }];
  const needed = [{ tag: 'needed', name: 'libc.so.6' }] as const;

  it.each<[name: string, file: ElfFacts, kinds: string[]]>([
    [
      'a program',
      facts({ interpreter: '/lib/ld.so', segments, dynamic: { needed, flags1: DF_1_PIE } }),
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
      facts({ interpreter: '/lib/ld.so', segments, dynamic: { flags1: DF_1_PIE } }),
      ['interpreter'],
    ],
    ['a static program', facts(), []],
  ])('%s', (_name, file, expected) => {
    expect(kinds(file)).toEqual(expected);
  });

  it('leaves no interpreter to patchelf that fits in place', () => {
    const program = facts({ interpreter: '/lib/ld.so', segments, dynamic: { flags1: DF_1_PIE } });
    const fits = { interpreter: '/usr/local/btop/ld.so', libraryDirectory: lib };
    expect(firstGenerationEdits(program, fits).map(({ kind }) => kind)).toEqual(['bytes']);
  });

  it('sets RUNPATH, as it always did', () => {
    const edits = firstGenerationEdits(facts({ dynamic: { needed } }), {
      interpreter,
      libraryDirectory: lib,
    });
    expect(edits).toContainEqual({ kind: 'run-path', value: lib, force: 'runpath' });
  });
});
