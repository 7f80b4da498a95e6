import { execaSync } from 'execa';
import { file } from 'tmp-promise';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EM_386, EM_PPC, EM_S390, EM_X86_64 } from '../../src/elf/constants.ts';
import { readElf } from '../../src/elf/read.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import type { ElfRecipe } from './elf-recipe.ts';
import { writeElf } from './elf-writer.ts';
import { has } from './requires.ts';

const rich: ElfRecipe = {
  interp: '/lib/ld.so',
  needed: ['liba.so', { auxiliary: 'libx.so' }, { filter: 'libf.so' }, 'libb.so'],
  soname: 'libself.so',
  rpath: '/rpath',
  runpath: '$ORIGIN',
  flags1: 0x800,
  verneed: { 'liba.so': ['A_1', 'A_2?'], 'libb.so': ['B_1'] },
  verdef: ['S_1', 'S_2'],
  relr: true,
  sections: true,
};

describe.each([
  ['x86-64', { class: 64, endian: 'little', machine: EM_X86_64 }],
  ['i386', { class: 32, endian: 'little', machine: EM_386 }],
  ['s390x', { class: 64, endian: 'big', machine: EM_S390 }],
  ['powerpc', { class: 32, endian: 'big', machine: EM_PPC }],
] as const)('writeElf for %s', (_, abi) => {
  it.each(['start', 'end'] as const)(
    'writes what the recipe says, with the program headers at the %s',
    table => {
      const facts = readElf(bytesReader(writeElf({ ...rich, ...abi, table })), { versions: true });
      expect(facts).toMatchObject({
        header: abi,
        interpreter: '/lib/ld.so',
        dynamic: {
          needed: [
            { tag: 'needed', name: 'liba.so' },
            { tag: 'auxiliary', name: 'libx.so' },
            { tag: 'filter', name: 'libf.so' },
            { tag: 'needed', name: 'libb.so' },
          ],
          soname: 'libself.so',
          rpath: '/rpath',
          runpath: '$ORIGIN',
          flags1: 0x800,
          relr: true,
        },
        versions: {
          needs: [
            {
              file: 'liba.so',
              versions: [
                { name: 'A_1', weak: false },
                { name: 'A_2', weak: true },
              ],
            },
            { file: 'libb.so', versions: [{ name: 'B_1', weak: false }] },
          ],
          defines: ['S_1', 'S_2'],
        },
      });
    },
  );

  it('writes the number of program headers to section 0 if the recipe asks for that', () => {
    const facts = readElf(bytesReader(writeElf({ ...rich, ...abi, extendedCount: true })));
    expect(facts.segments).toHaveLength(5);
  });

  it.runIf(has('tool:readelf'))('is one for binutils too', async () => {
    const { path, cleanup } = await file();
    fs.writeFileSync(path, writeElf({ ...rich, ...abi }));
    const { stdout, stderr } = execaSync('readelf', ['--headers', '--dynamic', '--wide', path]);
    expect(stderr).toBe('');
    expect(stdout).toContain('Filter library: [libf.so]');
    await cleanup();
  });
});
