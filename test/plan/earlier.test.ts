import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isEarlierResult, originalTree } from '../../src/plan/earlier.ts';
import { directoryView } from '../../src/view/directory.ts';
import { readBytes, readText } from '../../src/view/text.ts';
import { scratch } from '../io/scratch.ts';
import { type Files, refusal, rootAt } from './plan.ts';

const at = scratch();
const MANIFEST = '/usr/local/app/manifest.json';
const RELEASE = '/usr/lib/extension-release.d/extension-release.app';
const WRITTEN = 'ID=_any\nARCHITECTURE=x86-64\n';

const manifest = (files: readonly object[], more: object = {}) => ({
  text: JSON.stringify({
    schema: 'flix.manifest/1',
    name: 'app',
    prefix: '/usr/local/app',
    architecture: 'x86-64',
    mode: 'flix',
    entries: [],
    open: [],
    remarks: [],
    files,
    ...more,
  }),
});
const own = (path: string, edits?: readonly object[]) => ({
  path,
  origin: { root: 'tree', path },
  ...(edits && { edits }),
});
const tree = (files: Files) => rootAt(at('tree'), files, 'none', 'the tree');
const original = (files: Files) => originalTree(tree(files), 'tree');

describe('originalTree', () => {
  it('shows a completed tree as it was before, without added files and edits', () => {
    const view = original({
      [MANIFEST]: manifest([
        own('/usr/bin/app', [{ why: '', offset: 2, before: '6262', after: '4242' }]),
        own('/usr/share/app'),
        { path: '/usr/local/app/lib/libc.so.6', origin: { root: 'debian 12', path: '/lib/libc.so.6' } },
        { path: RELEASE },
      ]),
      '/usr/bin/app': { text: 'aaBBcc' },
      '/usr/share/app': { text: 'data' },
      '/usr/local/app/lib/libc.so.6': { text: '' },
      [RELEASE]: { text: WRITTEN },
    });
    expect(readText(view, '/usr/bin/app')).toBe('aabbcc');
    expect(readText(view, '/usr/share/app')).toBe('data');
    for (const added of [MANIFEST, '/usr/local/app/lib/libc.so.6', RELEASE])
      expect(view.kind(added)).toBeUndefined();
  });

  it('undoes no edit in a file that was replaced since', () => {
    const view = original({
      [MANIFEST]: manifest([own('/usr/bin/app', [{ why: '', offset: 2, before: '6262', after: '4242' }])]),
      '/usr/bin/app': { text: 'anew' },
    });
    expect(readText(view, '/usr/bin/app')).toBe('anew');
  });

  it('keeps a release file that somebody wrote after the run', () => {
    const files = { [MANIFEST]: manifest([{ path: RELEASE }]), [RELEASE]: { text: 'ID=flatcar\n' } };
    expect(readText(original(files), RELEASE)).toBe('ID=flatcar\n');
  });

  it('refuses a tree with a file that patchelf changed', () => {
    const files = {
      [MANIFEST]: manifest([own('/usr/bin/app', [{ why: '', by: 'patchelf', to: '/x' }])]),
      '/usr/bin/app': { text: '' },
    };
    const { code, message } = refusal(() => original(files));
    expect(code).toBe('patched-before');
    expect(message).toContain('/usr/bin/app of the tree');
  });

  it('returns a tree without a manifest as it is', () => {
    const view = tree({ '/usr/bin/app': { text: '' } });
    expect(originalTree(view, 'tree')).toBe(view);
  });
});

describe('the manifest that originalTree reads', () => {
  it('counts only at the path that it names itself', () => {
    const foreign = manifest([{ path: '/usr/share/mine' }]);
    const view = original({ '/usr/share/doc/manifest.json': foreign, '/usr/share/mine': { text: 'mine' } });
    expect(readText(view, '/usr/share/mine')).toBe('mine');
  });

  it.each([
    ['{"schema": "flix.manifest/1", "prefix": "/usr/local/app", "files"', 'is not JSON: it ends too early'],
    ['{"schema": "flix.manifest/2", "prefix": "/usr/local/app"}', 'was made by a newer flix'],
  ])('must be readable: %s', (text, because) => {
    const files = { [MANIFEST]: { text }, '/usr/bin/app': { text: 'edited' } };
    const { code, message } = refusal(() => original(files));
    expect(code).toBe('unreadable-manifest');
    expect(message).toContain(`${MANIFEST} of the tree ${because}`);
  });
});

describe('isEarlierResult', () => {
  const ours = (files: Files) => isEarlierResult(tree(files));

  it('accepts a directory whose files are all in its manifest', () => {
    expect(ours({ [MANIFEST]: manifest([]) })).toBe(true);
    expect(ours({ [MANIFEST]: manifest([own('/etc/app.conf')]), '/etc/app.conf': { text: '' } })).toBe(true);
  });

  it('refuses a root into which an extension was copied, and a directory without a manifest', () => {
    expect(ours({ [MANIFEST]: manifest([]), '/home/me/thesis': { text: '' } })).toBe(false);
    expect(ours({ '/usr/bin/app': { text: '' } })).toBe(false);
  });
});

it('undoes an edit in exactly the bytes that are read', () => {
  const view = original({
    [MANIFEST]: manifest([own('/usr/bin/app', [{ why: '', offset: 4, before: '626262', after: '424242' }])]),
    '/usr/bin/app': { text: 'aaaaBBBcc' },
  });
  const file = view.open('/usr/bin/app');
  try {
    for (let from = 0; from < 9; from++)
      for (let length = 0; from + length <= 9; length++)
        expect(Buffer.from(file.read(from, length)).toString()).toBe('aaaabbbcc'.slice(from, from + length));
  } finally {
    file.close();
  }
  expect(Buffer.from(readBytes(directoryView(at('tree')), '/usr/bin/app')!).toString()).toBe('aaaaBBBcc');
  expect(fs.existsSync(at('tree', MANIFEST))).toBe(true);
});
