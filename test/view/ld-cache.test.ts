import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { directoryView } from '../../src/view/directory.ts';
import { type CacheEntry, ldCacheAt, parseLdCache } from '../../src/view/ld-cache.ts';
import { scratch } from '../io/scratch.ts';
import { Bytes } from '../lab/bytes.ts';
import { writeCache } from '../lab/cache-writer.ts';
import { has } from '../lab/requires.ts';
import { cacheDirectory } from '../lab/roots.ts';

const at = scratch();
const entries = [
  { key: 'libz.so.1', value: '/lib/libz.so.1', flags: 0x303 },
  { key: 'libz.so.1', value: '/lib/glibc-hwcaps/x86-64-v3/libz.so.1', hwcap: 'x86-64-v3' },
  { key: 'libz.so.1', value: '/lib/glibc-hwcaps/x86-64-v2/libz.so.1', hwcap: 'x86-64-v2' },
  { key: 'libc.so.6', value: '/lib/i386/libc.so.6', flags: 0x003 },
];

/** ld.so.cache as ldconfig wrote it until 2.32 (--format=compat): the old table first, the new one behind it. */
function compat(cache: Uint8Array, endian: 'little' | 'big'): Uint8Array {
  const old = new Bytes(32, endian).raw(Buffer.from('ld.so-1.7.0\0')).u32(1).u32(0x303, 0, 0).align(8);
  return Buffer.concat([old.done(), cache]);
}

describe.each(['little', 'big'] as const)('a cache of %s endian', endian => {
  const cache = writeCache(entries, endian);

  it.each([
    ['alone', cache],
    ['behind the old table', compat(cache, endian)],
    ['from before 2.32, which does not say its byte order', Uint8Array.from(cache).fill(0, 28, 29)],
  ])('%s', (_name, bytes) => {
    const parsed = parseLdCache(bytes);
    expect(parsed.lookup('libc.so.6', true)).toEqual([
      { name: 'libc.so.6', path: '/lib/i386/libc.so.6', flags: 3, hwcap: undefined, legacyHwcaps: 0n },
    ]);
    expect(parsed.lookup('libz.so.1', true).map(({ path, hwcap }) => [path, hwcap])).toEqual(
      expect.arrayContaining([
        ['/lib/libz.so.1', undefined],
        ['/lib/glibc-hwcaps/x86-64-v2/libz.so.1', 'x86-64-v2'],
        ['/lib/glibc-hwcaps/x86-64-v3/libz.so.1', 'x86-64-v3'],
      ]),
    );
    expect(parsed.lookup('none', true)).toEqual([]);
  });

  it('is refused, or read as far as it goes, wherever it is truncated', () => {
    const whole = [...parseLdCache(cache).entries()];
    for (let length = 0; length < cache.length; length++) {
      let read: CacheEntry[] = [];
      try {
        read = [...parseLdCache(cache.subarray(0, length)).entries()];
      } catch (error) {
        expect(error, `${length} bytes`).toMatchObject({ name: 'ElfError' });
      }
      for (const { name, path } of read)
        expect(
          whole.some(entry => entry.name.startsWith(name) && entry.path.startsWith(path)),
          `${length} bytes: ${name} ${path}`,
        ).toBe(true);
    }
  });
});

it('is ignored if glibc would not accept it', () => {
  fs.mkdirSync(at('etc'));
  const view = () => directoryView(at());
  expect(ldCacheAt(view(), '/etc/ld.so.cache')).toBeUndefined();
  for (const content of ['', 'text', 'ld.so-1.7.0\0\u0001\0\0\0', 'glibc-ld.so.cache1.1']) {
    fs.writeFileSync(at('etc/ld.so.cache'), content);
    expect(ldCacheAt(view(), '/etc/ld.so.cache')).toBeUndefined();
  }
});

const caches = [
  '/',
  `${cacheDirectory}/apps-bookworm`,
  `${cacheDirectory}/multiarch-bookworm`,
  `${cacheDirectory}/media-bookworm`,
].filter(root => fs.existsSync(`${root}/etc/ld.so.cache`));

describe.runIf(has('tool:ldconfig') && caches.length > 0)('what ldconfig -p says', () => {
  it.each(caches)('of %s', root => {
    const cache = ldCacheAt(directoryView(root), '/etc/ld.so.cache')!;
    const told = execaSync('ldconfig', ['-p', '-C', `${root}/etc/ld.so.cache`]).stdout;
    const lines = [...told.matchAll(/^\t(.+?) \(([^)]*)\) => (.+)$/gm)].map(
      ([, key, about, path]) => `${key} ${/hwcap: "(.*?)"/.exec(about!)?.[1] ?? ''} ${path}`,
    );
    expect(
      [...cache.entries()].map(({ name, hwcap, path }) => `${name} ${hwcap ?? ''} ${path}`).sort(),
    ).toEqual(lines.sort());
  });

  it('of a cache in the older format', () => {
    const root = at('root');
    fs.mkdirSync(`${root}/etc`, { recursive: true });
    fs.mkdirSync(`${root}/lib`);
    fs.copyFileSync(fs.realpathSync('/lib/x86_64-linux-gnu/libc.so.6'), `${root}/lib/libc.so.6`);
    execaSync('ldconfig', ['-r', root, '-c', 'compat']);
    expect(fs.readFileSync(`${root}/etc/ld.so.cache`).toString('latin1', 0, 11)).toBe('ld.so-1.7.0');
    expect(ldCacheAt(directoryView(root), '/etc/ld.so.cache')?.lookup('libc.so.6', true)).toMatchObject([
      { path: '/lib/libc.so.6' },
    ]);
  });
});
