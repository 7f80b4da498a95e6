import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as c from '../../src/elf/constants.ts';
import { readElf } from '../../src/elf/read.ts';
import { bytesReader } from '../../src/elf/reader.ts';
import { loaderOpenings } from '../../src/relocate/openings.ts';
import { sealGlibc, sealMusl } from '../../src/relocate/seal.ts';
import { findLoader } from '../lab/loaders.ts';
import { has } from '../lab/requires.ts';
import { edited, loaderOf } from './elf.ts';

const ALL = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'LD_AUDIT'];
const NAMES = '\0LD_AUDIT\0LD_LIBRARY_PATH\0LD_PRELOAD\0';
/** movabs $"LIBRARY_",%rax · cmpl $"PREL",(%rcx) · cmpl $"AUDI",(%rcx) */
const amd64 = (...names: readonly string[]) => `\x48\xb8${names[0]}\x81\x39${names[1]}\x81\x39${names[2]}`;

function open(machine: number, code: string, text = NAMES, family: 'glibc' | 'musl' = 'glibc'): string[] {
  const { content, facts } = loaderOf(Buffer.from(code, 'latin1'), text, machine);
  return loaderOpenings(content, { family, facts });
}

describe('loaderOpenings', () => {
  it.each<[what: string, opens: string[], expected: string[]]>([
    ['an unsealed amd64 loader', open(c.EM_X86_64, amd64('LIBRARY_', 'PREL', 'AUDI')), ALL],
    ['a sealed amd64 loader', open(c.EM_X86_64, amd64('=IBRARY_', '=REL', '=UDI')), []],
    [
      'a loader with a name that was changed otherwise',
      open(c.EM_X86_64, amd64('=IBRARY_', 'xREL', '=UDI')),
      ['LD_PRELOAD'],
    ],
    [
      'a loader with one of two places left',
      open(c.EM_X86_64, `${amd64('=IBRARY_', '=REL', '=UDI')}\x81\x39PREL`),
      ['LD_PRELOAD'],
    ],
    ['a loader with one string left', open(c.EM_S390, '', '\0=IBRARY_PATH\0=RELOAD\0AUDIT\0'), ['LD_AUDIT']],
    [
      'a machine whose loaders cannot be sealed',
      open(c.EM_PPC64, '', '\0LIBRARY_PATH\0PRELOAD\0AUDIT\0'),
      ALL,
    ],
    ['an unsealed musl', open(c.EM_X86_64, '', NAMES, 'musl'), ['LD_LIBRARY_PATH', 'LD_PRELOAD']],
    ['a sealed musl', open(c.EM_X86_64, '', '\0=D_LIBRARY_PATH\0=D_PRELOAD\0', 'musl'), []],
    ['a file without any name', open(c.EM_X86_64, '', ''), ALL],
  ])('lists what is open in %s', (_what, opens, expected) => {
    expect(opens).toEqual(expected);
  });

  for (const name of ['glibc', 'glibc-2.41', 'musl'] as const)
    it.runIf(has(`loader:${name}`))(
      `lists what is open in a real loader before and after sealing: ${name}`,
      () => {
        const content = new Uint8Array(fs.readFileSync(findLoader(name)!));
        const facts = readElf(bytesReader(content));
        const family = name === 'musl' ? 'musl' : 'glibc';
        const { edits } = family === 'musl' ? sealMusl(content, facts) : sealGlibc(content, facts, undefined);
        const variables = family === 'musl' ? ALL.slice(0, 2) : ALL;
        expect(loaderOpenings(content, { family, facts })).toEqual(variables);
        const sealed = edited(content, edits);
        expect(loaderOpenings(sealed, { family, facts })).toEqual([]);
      },
    );
});
