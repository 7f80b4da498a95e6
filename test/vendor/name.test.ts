import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chooseName } from '../../src/vendor/name.ts';
import { directoryView } from '../../src/view/directory.ts';
import type { FileRecipe } from '../lab/fixture.ts';
import { files, root } from '../report/root.ts';

const release = (name: string) => `/usr/lib/extension-release.d/extension-release.${name}`;
const system = directoryView(root(files, 'none'));
const tree = (more: Readonly<Record<string, FileRecipe>>) =>
  directoryView(root({ '/usr/bin/app': { type: 'exec' }, ...more }, 'none'));
const named = (...sources: string[]) => sources.map(source => ({ source }));

describe('the name of an extension', () => {
  it('is taken from --name', () => {
    expect(chooseName('x', system, false, named('/usr/bin/app'))).toEqual({ name: 'x', from: '--name' });
  });

  it('is taken from the only requested program, as the request spells it', () => {
    expect(chooseName(undefined, system, false, named('/usr/bin/app', '/etc/os-release')).name).toBe('app');
  });

  it('is taken from a script only if no program is requested', () => {
    const view = directoryView(
      root({ ...files, '/usr/bin/script.py': { text: '#!/usr/bin/python3\n' } }, 'none'),
    );
    fs.chmodSync(view.source('/usr/bin/script.py').hostPath!, 0o755);
    const paths = named('/usr/bin/script.py', '/etc/os-release');
    expect(chooseName(undefined, view, false, paths).name).toBe('script.py');
    expect(chooseName(undefined, view, false, [...paths, ...named('/usr/bin/app')]).name).toBe('app');
  });

  it('is taken from the target that the program gets', () => {
    const paths = [{ source: '/usr/bin/app', target: '/usr/bin/other' }];
    expect(chooseName(undefined, system, false, paths).name).toBe('other');
  });

  it('is taken from the release file of a tree, whatever its programs are called', () => {
    const { name, from } = chooseName(
      undefined,
      tree({ [release('suite')]: { text: 'ID=_any\n' } }),
      true,
      [],
    );
    expect([name, from]).toEqual(['suite', '/usr/lib/extension-release.d of the tree']);
  });

  it('is not taken from the release file of a whole system', () => {
    const with_ = tree({ [release('suite')]: { text: 'ID=_any\n' } });
    expect(chooseName(undefined, with_, false, named('/usr/bin/app')).name).toBe('app');
  });

  it('is taken from the only program of a tree', () => {
    expect(chooseName(undefined, tree({ '/usr/share/text': { text: 'x' } }), true, []).name).toBe('app');
  });

  it('must be given if two programs are requested', () => {
    expect(() => chooseName(undefined, system, false, named('/usr/bin/app', '/usr/bin/viewer'))).toThrow(
      expect.objectContaining({
        code: 'no-name',
        message: 'the extension has no name: 2 entries could give it a name',
      }),
    );
  });

  it('must be given if a tree has two release files', () => {
    const two = tree({ [release('a')]: { text: 'ID=_any\n' }, [release('b')]: { text: 'ID=_any\n' } });
    expect(() => chooseName(undefined, two, true, [])).not.toThrow();
    const more = tree({
      [release('a')]: { text: 'ID=_any\n' },
      [release('b')]: { text: 'ID=_any\n' },
      '/usr/bin/second': { type: 'exec' },
    });
    expect(() => chooseName(undefined, more, true, [])).toThrow(/extension-release files of a, b$/);
  });
});
