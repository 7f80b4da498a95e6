import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { progress } from '../../../src/io/progress.ts';
import { stage } from '../../../src/stage/stage.ts';
import type { StageOptions } from '../../../src/stage/staged.ts';
import { scratch } from '../../io/scratch.ts';
import { has } from '../../lab/requires.ts';
import { type LocalPackage, makeArchive } from './local-archive.ts';

const at = scratch();

const PACKAGES: readonly LocalPackage[] = [
  {
    name: 'shell',
    fields: ['Essential: yes'],
    files: { 'usr/bin/shell': 'shell', 'lib/shell/data': 'data' },
    compression: 'zstd',
  },
  { name: 'meta', fields: ['Depends: library'], files: {}, compression: 'zstd' },
  { name: 'library', files: { 'usr/lib/library': 'library'.repeat(1000) }, compression: 'xz' },
  { name: 'plain', files: { 'usr/share/plain': 'plain' }, compression: 'none' },
  { name: 'old', files: { 'usr/share/old': 'old' }, compression: 'gzip' },
  { name: 'other', files: { 'usr/share/other': 'other' }, compression: 'zstd' },
];

async function stageNoble(options: Partial<StageOptions>) {
  process.env['XDG_CACHE_HOME'] = at('cache');
  const all = {
    include: [],
    mirror: [`file:${at('archive')}`],
    recommends: false,
    components: 'main',
    ...options,
  };
  return stage(
    { kind: 'ubuntu', suite: 'noble' },
    at('root'),
    { arch: 'amd64', ...all },
    { force: false, progress: progress({ quiet: true }) },
  );
}

const read = (file: string) => fs.readFileSync(at('root', file), 'utf8');

describe.runIf(has('tool:apt-get', 'tool:dpkg-deb', 'tool:gpg', 'tool:zstd', 'tool:xz'))(
  'a suite of Ubuntu',
  () => {
    it('gives the packages, their dependencies and the essential packages, whatever compresses them', async () => {
      fs.mkdirSync(at('archive'));
      const keyring = makeArchive(at('archive'), 'noble', PACKAGES);
      for (const run of ['downloaded', 'cached']) {
        const { record } = await stageNoble({ keyring, include: ['meta', 'plain', 'old'] });
        expect(record.source, run).toBe('ubuntu:noble');
        expect(record.packages!.map(({ name }) => name)).toEqual([
          'library',
          'meta',
          'old',
          'plain',
          'shell',
        ]);
        expect(read('usr/bin/shell')).toBe('shell');
        expect(read('usr/lib/shell/data')).toBe('data');
        expect(fs.readlinkSync(at('root/lib'))).toBe('usr/lib');
        expect(read('usr/lib/library')).toBe('library'.repeat(1000));
        expect(read('usr/share/plain')).toBe('plain');
        expect(read('usr/share/old')).toBe('old');
        expect(fs.existsSync(at('root/usr/share/other'))).toBe(false);
        const cache = at('cache/flix/packages');
        expect(fs.readdirSync(cache).length).toBe(5);
        for (const name of fs.readdirSync(cache))
          expect(fs.lstatSync(`${cache}/${name}`).isFile()).toBe(true);
        expect(read('var/lib/dpkg/info/library.list')).toBe('/.\n/usr\n/usr/lib\n/usr/lib/library\n');
      }
    });

    it('is refused if no known key signs it, or a package is not the one that the list names', async () => {
      fs.mkdirSync(at('archive'));
      fs.mkdirSync(at('other'));
      const keyring = makeArchive(at('archive'), 'noble', PACKAGES);
      const wrong = makeArchive(at('other'), 'noble', []);
      await expect(stageNoble({ keyring: wrong })).rejects.toMatchObject({ code: 'tool-failed' });
      await expect(
        stageNoble({ keyring, mirror: [`deb [allow-insecure=yes] file:${at('archive')} noble main`] }),
      ).rejects.toMatchObject({ code: 'usage', fix: expect.stringContaining('trusted=yes') as string });
      fs.appendFileSync(at('archive/pool/shell_1.0_amd64.deb'), '\n');
      await expect(stageNoble({ keyring })).rejects.toMatchObject({ name: 'FlixError' });
      expect(fs.existsSync(at('root'))).toBe(false);
    });
  },
);

describe('a suite of Ubuntu without its keys', () => {
  it.skipIf(fs.existsSync('/usr/share/keyrings/ubuntu-archive-keyring.gpg'))(
    'is refused with the name of the missing file and of its package',
    async () => {
      await expect(stageNoble({})).rejects.toMatchObject({
        code: 'no-keyring',
        message: expect.stringContaining(
          '/usr/share/keyrings/ubuntu-archive-keyring.gpg does not exist',
        ) as string,
        fix: expect.stringContaining('ubuntu-keyring') as string,
      });
    },
  );
});
