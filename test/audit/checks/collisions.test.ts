import { afterAll, describe, expect, it } from 'vitest';
import {
  auditOf,
  briefOf,
  extension,
  type Files,
  host,
  LIB,
  library,
  PRIVATE,
  program,
  removeRoots,
} from '../world.ts';

afterAll(removeRoots);

const merged = (one: Files, other: Files, over: Files = {}) =>
  auditOf({
    extensions: { 'app-9': extension('app-9', one), 'app-10': extension('app-10', other) },
    hosts: { debian: host(undefined, over) },
  }).findings;
const found = (kind: string, one: Files, other: Files = {}, over: Files = {}) =>
  briefOf(merged(one, other, over), kind);

describe('collisions/path', () => {
  const file = (text: string, path = '/usr/share/app/file') => ({ [path]: { text } });

  it('names the winner by version order', () => {
    const all = merged(file('one'), file('other'));
    expect(briefOf(all, 'collisions/path')).toEqual(['warning collisions/path /usr/share/app/file']);
    expect(all.find(({ kind }) => kind === 'collisions/path')).toMatchObject({
      extension: 'app-9',
      winner: 'app-10',
    });
  });

  it('is an error for code, and if one of the two is a directory', () => {
    const tool = (data: string) => ({ '/usr/bin/tool': program({ data }) });
    expect(found('collisions/path', tool('one'), tool('other'))).toEqual([
      'error collisions/path /usr/bin/tool',
    ]);
    expect(found('collisions/path', file('one'), file('other', '/usr/share/app/file/below'))).toEqual([
      'warning collisions/path /usr/share/app/file',
    ]);
  });

  it('accepts equal content and different paths', () => {
    expect(found('collisions/path', file('same'), file('same'))).toEqual([]);
    expect(found('collisions/path', file('one'), file('other', '/usr/share/app/another'))).toEqual([]);
  });
});

describe('collisions/soname', () => {
  const z = (path: string, data: string) => ({ [path]: library('libz.so.1', { data }) });

  it('reports one library in two directories that all loaders search', () => {
    const all = merged(z('/usr/lib/libz.so.1', 'one'), z(`${LIB}/libz.so.1`, 'other'));
    expect(briefOf(all, 'collisions/soname')).toHaveLength(1);
    expect(all.find(({ kind }) => kind === 'collisions/soname')).toMatchObject({ soname: 'libz.so.1' });
  });

  it('accepts a private copy, equal bytes, and a build for another machine', () => {
    const one = z('/usr/lib/libz.so.1', 'one');
    expect(found('collisions/soname', one, z(`${PRIVATE}/libz.so.1`, 'other'))).toEqual([]);
    expect(found('collisions/soname', one, z(`${LIB}/libz.so.1`, 'one'))).toEqual([]);
    const other = { [`/usr/lib32/libz.so.1`]: library('libz.so.1', { class: 32 }) };
    expect(found('collisions/soname', one, other)).toEqual([]);
  });
});

describe('collisions/alias', () => {
  const alias = (link: string, path = '/usr/local/.1234567') => ({ [path]: { link } });

  it('reports one short link to two directories', () => {
    expect(found('collisions/alias', alias('long-name'), alias('another-name'))).toEqual([
      'error collisions/alias /usr/local/.1234567',
    ]);
    expect(found('collisions/path', alias('long-name'), alias('another-name'))).toEqual([]);
    expect(
      found('collisions/alias', alias('local/a/lib', '/usr/.12ab'), alias('local/b/lib', '/usr/.12ab')),
    ).toHaveLength(1);
  });

  it('accepts two aliases, one alias for a shared directory, and other links', () => {
    expect(found('collisions/alias', alias('a'), alias('b', '/usr/local/.7654321'))).toEqual([]);
    expect(found('collisions/alias', alias('a'), alias('a'))).toEqual([]);
    expect(
      found('collisions/alias', alias('a', '/usr/local/current'), alias('b', '/usr/local/current')),
    ).toEqual([]);
  });
});

describe('collisions/libc-family', () => {
  const built = (libc: string) => library('libssl.so.3', { needed: [libc] });
  const MUSL = 'libc.musl-x86_64.so.1';

  it('reports builds for musl and for glibc under one name', () => {
    expect(
      found(
        'collisions/libc-family',
        { '/usr/lib/libssl.so.3': built(MUSL) },
        { [`${LIB}/libssl.so.3`]: built('libc.so.6') },
      ),
    ).toHaveLength(1);
    expect(
      found(
        'collisions/libc-family',
        { '/usr/lib/libssl.so.3': built(MUSL) },
        {},
        { [`${LIB}/libssl.so.3`]: built('libc.so.6') },
      ),
    ).toEqual([`error collisions/libc-family ${LIB}/libssl.so.3`]);
  });

  it('reports both in one process', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['libssl.so.3', 'libc.so.6'] }),
      '/usr/lib/libssl.so.3': built(MUSL),
    };
    expect(found('collisions/libc-family', files)).toEqual([
      'error collisions/libc-family /usr/lib/libssl.so.3',
    ]);
  });

  it('accepts two builds for one libc, and a private build', () => {
    const glibc = { '/usr/lib/libssl.so.3': built('libc.so.6') };
    expect(found('collisions/libc-family', glibc, { [`${LIB}/libssl.so.3`]: built('libc.so.6') })).toEqual(
      [],
    );
    const own = { '/usr/local/app/lib/libssl.so.3': built(MUSL) };
    expect(found('collisions/libc-family', own, glibc)).toEqual([]);
  });
});
