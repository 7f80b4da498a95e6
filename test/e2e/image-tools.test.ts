import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { flix } from '../lab/flix.ts';
import { NewerTools } from '../lab/newer-tools.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { sha256 } from '../lab/snapshot.ts';
import { type KeyPair, makeKeys } from '../pack/keys.ts';

const able = has(
  'root',
  'chroot',
  'archive',
  'mountNamespace',
  'tool:mkfs.erofs',
  'tool:mksquashfs',
  'tool:openssl',
);
const OTHERWISE = ['env', 'TZ=Asia/Tokyo', 'sh', '-c', 'umask 077; exec "$@"', 'sh'];
const USER = ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'];

// each test compresses several images
vi.setConfig({ testTimeout: 600_000 });

let shared: string;
let work: string;
let newer: NewerTools;
let keys: KeyPair;
const at = (...parts: string[]) => path.join(shared, ...parts);
const signed = (prefix = at()) => ['--key', `${prefix}/keys.key`, '--certificate', `${prefix}/keys.crt`];

describe.runIf(able)('images of btop by the tools of two releases', () => {
  beforeAll(async () => {
    shared = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-e2e-'));
    work = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-e2e-'));
    fs.chmodSync(shared, 0o777);
    const root = await labRoot('apps-bookworm');
    await flix('vendor', root, '/usr/bin/btop', '/usr/share/btop', '--out', at('btop'), '--quiet');
    keys = makeKeys(at('keys'));
    fs.chmodSync(keys.key, 0o644);
    newer = await NewerTools.open(shared, work);
    fs.mkdirSync(at('other place'));
    await copyBackwards(at('btop'), at('other place/tree'));
  });
  afterAll(() => {
    for (const directory of [shared, work]) fs.rmSync(directory, { recursive: true, force: true });
  });

  /** How flix runs on each release, and where it sees the test's directory. */
  const ways = {
    bookworm: {
      run: (argv: readonly string[]) => flix(...argv),
      as: (circumstances: readonly string[], argv: readonly string[]) =>
        execa(circumstances[0]!, [...circumstances.slice(1), process.execPath, at('.flix.mjs'), ...argv]),
      at: (name: string) => at(name),
    },
    trixie: {
      run: (argv: readonly string[]) => newer.flix(argv),
      as: (circumstances: readonly string[], argv: readonly string[]) =>
        newer.run([...circumstances, '/shared/.node', '/shared/.flix.mjs', ...argv]),
      at: (name: string) => `/shared/${name}`,
    },
  };

  describe.each(['bookworm', 'trixie'] as const)('%s', release => {
    it.each(['ddi', 'erofs', 'squashfs'])(
      'makes the same %s in another directory, directory order, umask and time zone, and as a user',
      async format => {
        const way = ways[release];
        const here = (place: string) => `${release}-${format}-${place}`;
        const pack = (tree: string, place: string) => {
          fs.mkdirSync(at(here(place)));
          fs.chmodSync(at(here(place)), 0o777);
          const options = ['--format', format, '--quiet', ...(format === 'ddi' ? signed(way.at('.')) : [])];
          return ['pack', way.at(tree), '-o', way.at(`${here(place)}/btop.raw`), ...options];
        };
        await way.run(pack('btop', 'first'));
        await way.as(OTHERWISE, pack('other place/tree', 'second place'));
        await way.as(USER, pack('btop', 'by a user'));
        const places = ['first', 'second place', 'by a user'];
        const digests = places.map(place => sha256(at(here(place), 'btop.raw')));
        expect(new Set(digests).size).toBe(1);
      },
    );
  });

  const fromProvider = ['--key', 'file:/shared/keys.key', '--key-source', 'provider:default'];
  it.each([
    ['signed', signed('/shared')],
    ['signed by a provider', [...fromProvider, '--certificate', '/shared/keys.crt']],
    ['not signed', []],
  ])('systemd-repart and sfdisk make the same DDI, %s', async (_, signing) => {
    const options = ['pack', '/shared/btop', ...signing, '--force'];
    for (const compress of ['small', 'none']) {
      const made = await newer.flix([...options, '--compress', compress, '-o', '/shared/btop.raw']);
      expect(made.stdout).toContain('systemd-repart 257');
      const digest = sha256(at('btop.raw'));
      const other = await newer.flix(
        [...options, '--compress', compress, '-o', '/shared/btop.raw'],
        ['systemd-repart'],
      );
      expect(other.stdout).toContain('sfdisk');
      expect(sha256(at('btop.raw'))).toBe(digest);
    }
  });

  it('without the tools for a DDI, pack says what to install and which format needs none of them', async () => {
    fs.mkdirSync(at('none'));
    const script = 'rm /usr/bin/systemd-repart /usr/sbin/veritysetup; exec "$@"';
    const pack = [
      '/shared/.node',
      '/shared/.flix.mjs',
      'pack',
      '/shared/btop',
      '-o',
      '/shared/none/btop.raw',
    ];
    const { stderr, status } = await newer.run(['sh', '-c', script, 'sh', ...pack]);
    expect(stderr).toContain('veritysetup is not installed');
    expect(stderr).toContain('apt-get install cryptsetup-bin');
    expect(stderr).toContain('--format erofs');
    expect(status).toBe(3);
    expect(fs.existsSync(at('none/btop.raw'))).toBe(false);
  });

  it.runIf(has('loopDevice'))('systemd-dissect of either release accepts the DDI of both', async () => {
    for (const place of ['older', 'newer', 'any']) fs.mkdirSync(at(place));
    await flix('pack', at('btop'), ...signed(), '-o', at('older/btop.raw'));
    await newer.flix(['pack', '/shared/btop', ...signed('/shared'), '-o', '/shared/newer/btop.raw']);
    await flix('pack', at('btop'), ...signed(), '--name', 'btop', '--any-name', '-o', at('any/viewer.raw'));
    for (const name of ['older/btop.raw', 'newer/btop.raw', 'any/viewer.raw']) {
      expect((await newer.run(['systemd-dissect', '--validate', `/shared/${name}`])).stdout).toBe('OK');
      const told = await newer.run(['systemd-dissect', '--no-pager', `/shared/${name}`]);
      expect(told.stdout).toMatch(/[✓+] sysext for system\n/);
      expect(told.stdout).toMatch(/root .* erofs +x86-64 +signed/);
      if (has('tool:systemd-dissect')) {
        const { stdout } = await execa('systemd-dissect', ['--no-pager', at(name)]);
        expect(stdout).toMatch(/[✓+] extension for system\n/);
        expect(stdout).toMatch(/root .* erofs +x86-64 +signed/);
      }
    }
  });
});

async function copyBackwards(from: string, to: string): Promise<void> {
  const stat = fs.lstatSync(from);
  if (stat.isSymbolicLink()) return fs.symlinkSync(fs.readlinkSync(from), to);
  if (stat.isDirectory()) {
    fs.mkdirSync(to);
    for (const name of fs.readdirSync(from).sort().reverse())
      await copyBackwards(path.join(from, name), path.join(to, name));
  } else fs.copyFileSync(from, to);
  fs.chmodSync(to, stat.mode);
}
