import { describe, expect, it } from 'vitest';
import { soleLoader } from '../../src/plan/sole-loader.ts';
import { resolver } from '../../src/resolve/resolve.ts';
import type { View } from '../../src/view/view.ts';
import { layeredView } from '../../src/view/layers.ts';
import { scratch } from '../io/scratch.ts';
import { loaderPath, placeLoader } from '../lab/loaders.ts';
import { base, type Files, program, refusal, rootAt } from './plan.ts';

const at = scratch();
const MUSL = loaderPath('musl');

function loaderOf(views: readonly View[], ...paths: readonly string[]) {
  const resolve = resolver(views, { preloadFile: false });
  return soleLoader(paths.map(path => ({ role: 'entry', target: path, closure: resolve(path) })));
}

/** A root with both loaders. */
function both(files: Files): View {
  const root = rootAt(at('root'), { ...base, ...files });
  placeLoader(at('root'), 'musl');
  return root;
}

describe('the loader of a tree', () => {
  it('is the one that all programs name, through different links', () => {
    const root = both({
      '/usr/bin/a': program(),
      '/usr/bin/b': program({ interp: '/usr/lib64/ld.so' }),
      '/usr/lib64/ld.so': { link: '/lib64/ld-linux-x86-64.so.2' },
    });
    expect(loaderOf([root], '/usr/bin/a', '/usr/bin/b')?.path).toBe('/lib64/ld-linux-x86-64.so.2');
  });

  it('is undefined if all programs are static', () => {
    expect(soleLoader([])).toBeUndefined();
  });

  it('does not depend on a plugin without needed libraries', () => {
    const root = both({
      '/usr/bin/a': program({ interp: MUSL, needed: ['libc.so'] }),
      '/usr/lib/plugin.so': {},
    });
    expect(loaderOf([root], '/usr/lib/plugin.so', '/usr/bin/a')?.family).toBe('musl');
  });

  it('is refused if two programs have different loaders', () => {
    const root = both({
      '/usr/bin/a': program(),
      '/usr/bin/b': program({ interp: MUSL, needed: ['libc.so'] }),
    });
    const { code, message } = refusal(() => loaderOf([root], '/usr/bin/a', '/usr/bin/b'));
    expect(code).toBe('mixed-loaders');
    for (const part of ['/usr/bin/a', '/usr/bin/b', MUSL]) expect(message).toContain(part);
  });

  it('is refused if libc comes from another root, even one with a loader', () => {
    const tree = rootAt(
      at('tree'),
      { '/usr/bin/a': program(), '/usr/lib/libc.so.6': { soname: 'libc.so.6' } },
      'none',
      'the tree',
    );
    const staging = rootAt(at('staging'), base, 'glibc', 'the staging root');
    const stack = layeredView([tree, staging], 'both');
    const resolve = resolver([stack], { preloadFile: false, cache: 'foresee', prefer: tree });
    const closure = resolve('/usr/bin/a');
    const { code, message } = refusal(() => soleLoader([{ role: 'entry', target: '/usr/bin/a', closure }]));
    expect(code).toBe('mixed-libc');
    for (const part of ['the tree', 'the staging root', '/usr/bin/a']) expect(message).toContain(part);
  });
});
