import { describe, expect, it } from 'vitest';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { scratch } from '../io/scratch.ts';
import { base, completed, type Files, planOf, program, refusal, rootAt, told } from './plan.ts';

const at = scratch();
const [EM_PPC, EM_S390, EM_AARCH64] = [20, 22, 183];
const DATA = 'resource: in /usr/share/emu, which was requested';

const firmware: Record<string, ElfRecipe> = {
  'ppc-boot': { type: 'exec', class: 32, endian: 'big', machine: EM_PPC },
  's390-ccw.img': { endian: 'big', machine: EM_S390, interp: '/lib/ld64.so.1', flags1: 0x08000000 },
  'arm64.node': { machine: EM_AARCH64, soname: 'a.node', needed: ['libc.so.6'] },
  'musl.node': { soname: 'm.node', needed: ['libc.musl-x86_64.so.1'] },
  'musl-tool': { interp: '/lib/ld-musl-x86_64.so.1', needed: ['libc.musl-x86_64.so.1'] },
  'i386.so': { class: 32, soname: 'i386.so', needed: ['libc.so.6'] },
};
const files: Files = {
  ...base,
  '/usr/bin/emu': program(),
  '/usr/bin/ppc': firmware['ppc-boot']!,
  '/usr/share/emu/helper': program(),
  ...Object.fromEntries(Object.entries(firmware).map(([name, elf]) => [`/usr/share/emu/${name}`, elf])),
};

describe('an ELF file that the loader of the tree can never load', () => {
  it.each(Object.keys(firmware))('is data if it comes with a directory: %s', name => {
    const plan = planOf(rootAt(at('root'), files), ['/usr/bin/emu', '/usr/share/emu']);
    expect(told(plan, `/usr/share/emu/${name}`)).toBe(DATA);
    expect(told(plan, '/usr/share/emu/helper')).toBe('program: in /usr/share/emu, which was requested');
    expect(plan.entries).toEqual(['/usr/bin/emu']);
  });

  it('is data if it comes with an included directory or a glob', () => {
    const root = rootAt(at('root'), files);
    const included = planOf(root, ['/usr/bin/emu'], { includes: [{ source: '/usr/share/emu' }] });
    expect(told(included, '/usr/share/emu/ppc-boot')).toBe(DATA);
    const source = '/usr/share/emu/ppc-boot';
    const matched = planOf(root, [], { paths: [{ source: '/usr/bin/emu' }, { source, matched: true }] });
    expect(told(matched, source)).toBe('resource: requested');
    expect(matched.entries).toEqual(['/usr/bin/emu']);
  });

  it('is reported once for each directory and reason', () => {
    const twice = { ...files, '/usr/share/emu/ppc-boot2': firmware['ppc-boot']! };
    const { remarks } = planOf(rootAt(at('root'), twice), ['/usr/bin/emu', '/usr/share/emu']);
    const foreign = remarks.filter(({ code }) => code === 'foreign-elf');
    expect(foreign.map(({ file, message }) => `${file} ${message.split(',')[0]}`)).toEqual([
      '/usr/share/emu/arm64.node is for arm64',
      '/usr/share/emu/i386.so is for x86',
      '/usr/share/emu/musl-tool needs musl',
      '/usr/share/emu/ppc-boot is for ppc',
      '/usr/share/emu/s390-ccw.img is for s390x',
    ]);
    expect(foreign[3]!.message).toContain('copied as data, like 1 more in its directory');
  });

  it('is refused if the user named the file itself', () => {
    const root = rootAt(at('root'), files);
    const { code } = refusal(() => planOf(root, ['/usr/bin/emu', '/usr/share/emu/s390-ccw.img']));
    expect(code).toBe('missing-library');
  });

  it('is data in a DESTDIR tree, whose programs decide what can be loaded', () => {
    const { '/usr/bin/ppc': _, ...tree } = files;
    const own = Object.fromEntries(Object.entries(tree).filter(([path]) => !(path in base)));
    const plan = completed(rootAt(at('tree'), own, 'none'), rootAt(at('root'), base));
    expect(plan.entries).toEqual(['/usr/bin/emu', '/usr/share/emu/helper']);
    for (const name of Object.keys(firmware))
      expect(told(plan, `/usr/share/emu/${name}`)).toBe('resource: in the tree');
  });
});
