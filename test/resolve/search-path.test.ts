import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resolve } from '../../src/resolve/resolve.ts';
import { treeText } from '../../src/report/tree.ts';
import { style } from '../../src/report/style.ts';
import { directoryView } from '../../src/view/directory.ts';
import { SearchPath } from '../../src/resolve/search-path.ts';
import { scratch } from '../io/scratch.ts';
import type { ElfRecipe } from '../lab/elf-recipe.ts';
import { writeElf } from '../lab/elf-writer.ts';
import { placeLoader } from '../lab/loaders.ts';

const at = scratch();
const plain = { style: style(false), several: false };
const NAMES = 20_000;

/** Counts what is read of objects, whatever the speed of the machine is. */
class Steps {
  count = 0;

  counting<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (from, name) => {
        this.count++;
        const value: unknown = Reflect.get(from, name, from);
        // an array counts its own reads if it is called as the proxy
        return typeof value === 'function' && !Array.isArray(from) ? value.bind(from) : value;
      },
    });
  }
}

function put(path: string, recipe: ElfRecipe): void {
  fs.mkdirSync(at(path, '..'), { recursive: true });
  fs.writeFileSync(at(path), writeElf(recipe));
}

describe.each(['glibc', 'musl'] as const)(
  'a file that makes millions of pairs of a name and a directory, %s',
  loader => {
    const interp = loader === 'musl' ? '/lib/ld-musl-x86_64.so.1' : '/lib64/ld-linux-x86-64.so.2';
    const needed = Array.from({ length: NAMES }, (_, index) => `l${index}`);

    it.each([
      ['absent directories', Array.from({ length: 14_000 }, (_, index) => `/${index.toString(36)}`), 0],
      ['existing directories', Array.from({ length: 2000 }, (_, index) => `/d/${index}`), 2000],
      [
        'one directory by many names',
        Array.from({ length: 1000 }, (_, index) => `/d/${'./'.repeat(index % 40)}${'/'.repeat(index / 40)}0`),
        1,
      ],
    ])('takes no step for each pair: %s', (_name, runpath, existing) => {
      placeLoader(at(), loader);
      for (let index = 0; index < existing; index++) fs.mkdirSync(at(`d/${index}`), { recursive: true });
      if (existing > 0) put('d/0/l7', {});
      put('usr/bin/prog', { interp, needed, runpath: runpath.join(':') });
      const steps = new Steps();
      const closure = resolve([steps.counting(directoryView(at()))], '/usr/bin/prog');
      expect(closure.missing).toHaveLength(existing > 0 ? NAMES - 1 : NAMES);
      expect(closure.missing.some(({ cut }) => cut)).toBe(true);
      expect(treeText(closure, plain).length).toBeLessThan(50_000_000);
      expect(steps.count).toBeLessThan(1_000_000);
    });
  },
);

it('visits each element of a path once, however many names are looked up', () => {
  fs.mkdirSync(at('d/here'), { recursive: true });
  fs.writeFileSync(at('d/here/l7'), '');
  const steps = new Steps();
  const elements = Array.from({ length: 1000 }, (_, index) => ({
    origin: { kind: 'default', element: '' } as const,
    directory: index % 2 === 0 ? `/absent/${index}` : '/d/here',
  }));
  const path = new SearchPath(steps.counting(elements), {
    view: steps.counting(directoryView(at())),
    subdirectories: [''],
    endsAt: () => false,
  });
  const found = Array.from({ length: 1000 }, (_, index) => path.holding(`l${index}`).length);
  expect(found.filter(Boolean)).toEqual([1]);
  expect(steps.count).toBeLessThan(20_000);
});

it('shows a chain that is 5,000 objects deep', () => {
  placeLoader(at(), 'glibc');
  const depth = 5000;
  put('usr/bin/prog', { interp: '/lib64/ld-linux-x86-64.so.2', needed: ['l0'], runpath: '/o' });
  for (let index = 0; index < depth; index++)
    put(`o/l${index}`, { needed: [`l${index + 1}`], runpath: '/o' });
  const closure = resolve([directoryView(at())], '/usr/bin/prog');
  expect(closure.objects).toHaveLength(depth + 1);
  const lines = treeText(closure, plain).split('\n');
  expect(lines.filter(line => line.includes('l4999 => /o/l4999'))).toHaveLength(1);
});
