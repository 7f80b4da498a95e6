import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { flix, LIB, LOADER, makeRoot } from '../cli/flix.ts';
import { scratch } from '../io/scratch.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import type { FileRecipe } from '../lab/fixture.ts';
import { has } from '../lab/requires.ts';

const at = scratch();
/** Sections, which patchelf needs. */
const sections = true;
const program = { interp: LOADER, needed: ['libc.so.6'], runpath: '$ORIGIN/../lib', sections };

function rootWith(files: Readonly<Record<string, FileRecipe>>): string {
  return makeRoot(at('root'), {
    '/etc/os-release': { text: 'ID=debian\nVERSION_ID=12\n' },
    [`${LIB}/libc.so.6`]: { soname: 'libc.so.6', needed: ['ld-linux-x86-64.so.2'], sections },
    '/opt/app/bin/app': program,
    ...files,
  });
}

const vendorApp = (...options: string[]) =>
  flix(['vendor', at('root'), '/opt/app', '--name', 'x', '--out', at('out'), '--json', ...options]);

describe.runIf(has('chroot', 'loader:glibc'))('what the private loader refuses', () => {
  it.each<[string, ElfRecipe, string]>([
    ['that is larger than the address space', { memorySize: 2 ** 48 }, 'failed to map segment'],
    ['for another system', { osabi: 9 }, 'OS ABI invalid'],
  ])('is no fault of the tree if it is a plugin %s', async (_name, recipe, says) => {
    rootWith({ '/opt/app/plugins/plugin.so': { sections, ...recipe } });
    const { status, stdout, stderr } = await vendorApp();
    expect(stderr).not.toContain('report it');
    expect(status).toBe(0);
    const { proof } = JSON.parse(stdout) as { proof: { remarks: readonly object[] } };
    expect(JSON.stringify(proof.remarks)).toContain(says);
  });

  it('is named with what to do if it is a program', async () => {
    rootWith({ '/opt/app/bin/app': { ...program, memorySize: 2 ** 48 } });
    const { status, stderr } = await vendorApp();
    expect(stderr).toMatch(/\/opt\/app\/bin\/app: its private loader refuses it: .*failed to map segment/);
    expect(stderr).toContain('--no-run');
    expect(stderr).not.toContain('report it');
    expect(status).not.toBe(0);
  });

  it('is named with what to do if the loader itself is not that of a libc', async () => {
    const root = rootWith({});
    const loader = fs.readFileSync(root + LOADER);
    // another start of the listing of a library
    const listing = loader.indexOf('\t%s => %s (0x');
    expect(listing).toBeGreaterThan(0);
    loader.write('/lib/evil.so', listing + 1, 'latin1');
    fs.writeFileSync(root + LOADER, loader);
    const { status, stderr } = await vendorApp();
    expect(stderr).not.toContain('report it');
    expect(stderr).toContain('--no-run');
    expect(status).not.toBe(0);
  });
});
