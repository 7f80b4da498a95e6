import { describe, expect, it } from 'vitest';
import type { ImageEntry } from '../../src/image/entry.ts';
import { EntryTable } from '../../src/image/entry-table.ts';
import { randoms } from '../verify/tree.ts';

const entry = (path: string, kind: ImageEntry['kind'] = 'file'): ImageEntry => ({
  path,
  kind,
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: path.length,
});

function tableOf(...entries: readonly ImageEntry[]): EntryTable {
  const table = new EntryTable();
  for (const one of entries) table.add(one);
  return table;
}

describe('EntryTable', () => {
  it('sorts entries by their whole paths: /a-b precedes the contents of /a', () => {
    const paths = [
      '/',
      '/a',
      '/a/z',
      '/a-b',
      '/a.b',
      '/b',
      '/a/b',
      '/a/b/c',
      '/a/b-c',
      '/\u{1f600}',
      '/\uffee',
    ];
    const table = tableOf(
      ...paths.map(path => entry(path, /^\/(?:a|a\/b)?$/.test(path) ? 'directory' : 'file')),
    );
    expect([...table].map(({ path }) => path)).toEqual(paths);
    expect([...table.sorted()].map(({ path }) => path)).toEqual([...paths].sort());
  });

  it('finds each of many entries, looked up in any order, and no other', () => {
    const next = randoms(3);
    const directories = Array.from({ length: 40 }, (_, i) => `/d${i}`);
    const files = Array.from({ length: 4000 }, (_, i) => `${directories[next(40)]}/f${i * 7919}`);
    const table = tableOf(
      entry('/', 'directory'),
      ...directories.map(path => entry(path, 'directory')),
      ...files.map(path => entry(path)),
    );
    for (const path of [...files, ...directories, '/'].sort(() => next(3) - 1)) {
      expect(table.path(table.find(path)!)).toBe(path);
      expect(table.find(`${path}-`)).toBeUndefined();
    }
  });

  it('returns an entry with all members that were added', () => {
    const link: ImageEntry = {
      ...entry('/l', 'link'),
      mode: 0o4777,
      uid: 4e9,
      gid: 7,
      size: 2 ** 40,
      mtime: 1.5,
    };
    const whole = { ...link, link: 'to', attributes: new Map([['user.a', Buffer.from('b')]]), holeFrom: 5 };
    const table = tableOf(entry('/', 'directory'), whole);
    expect(table.entry(1)).toEqual(whole);
    expect(table.attributes()).toEqual(new Map([['/l', whole.attributes]]));
  });

  it('refuses an entry inside something that is not a directory', () => {
    const inside = () => tableOf(entry('/', 'directory'), entry('/a'), entry('/a/b'));
    expect(inside).toThrow('/a/b inside something that is not a directory');
  });
});
