import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { sha256, snapshot } from '../lab/snapshot.ts';
import { install } from './app.ts';

/** The parts of the root that vendoring reads; copying the rest would only cost time. */
const PARTS = [
  'bin',
  'sbin',
  'lib',
  'lib64',
  'etc/os-release',
  'etc/ld.so.conf',
  'etc/ld.so.conf.d',
  'etc/ld.so.cache',
  'etc/terminfo',
  'usr/bin/tilde',
  'usr/share/tilde',
  'usr/lib/os-release',
  'usr/lib/locale',
  'usr/lib/terminfo',
  'usr/lib64',
  'usr/lib/x86_64-linux-gnu',
  // named by the libraries: vendor says what it did not bring, but only if it exists
  'usr/share/libt3highlight2',
  'usr/share/libt3key1',
  'usr/share/terminfo',
  'var/lib/dpkg',
];
const PATHS = [
  '/usr/bin/tilde',
  '/usr/share/tilde',
  '/usr/lib/x86_64-linux-gnu/transcript1',
  '/usr/lib/terminfo',
];
const bundle = fileURLToPath(new URL('../../dist/flix.mjs', import.meta.url));
const USER = 1000;

interface Circumstances {
  readonly root: string;
  /** A directory that does not exist yet. */
  readonly at: string;
  readonly umask: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly as?: readonly string[];
}

const able = has('chroot', 'archive', 'tool:mkfs.erofs', 'tool:veritysetup', 'tool:sfdisk');
let scratch: string;
let root: string;
let shuffled: string;

async function pack({ root: from, at, umask, environment = {}, as = [] }: Circumstances) {
  const program = path.join(scratch, 'flix.mjs');
  const command = ['umask "$0"; mkdir "$1"; cd "$1"; shift; exec "$@"', umask, at, process.execPath, program];
  const argv = [
    ...as,
    'sh',
    '-c',
    ...command,
    'vendor',
    from,
    '--out',
    './tilde',
    '--pack',
    '--quiet',
    ...PATHS,
  ];
  await execa(argv[0]!, argv.slice(1), { env: environment });
  return {
    image: sha256(path.join(at, 'tilde.raw')),
    manifest: sha256(path.join(at, 'tilde/usr/local/tilde/manifest.json')),
    tree: snapshot(path.join(at, 'tilde')),
  };
}

describe.runIf(able)('vendor --pack gives the same bytes for the same root and paths', () => {
  let first: Awaited<ReturnType<typeof pack>>;
  beforeAll(async () => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-e2e-'));
    fs.chmodSync(scratch, 0o777);
    fs.copyFileSync(bundle, path.join(scratch, 'flix.mjs'));
    root = fs.realpathSync(await labRoot('apps-bookworm'));
    // another file system may list directories in another order
    shuffled = fs.mkdtempSync(path.join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'flix-e2e-'));
    fs.chmodSync(shuffled, 0o755);
    for (const part of [...PARTS].reverse()) copyBackwards(path.join(root, part), path.join(shuffled, part));
    first = await pack({ root, at: path.join(scratch, 'first'), umask: '022' });
  });
  afterAll(() => {
    for (const directory of [scratch, shuffled]) fs.rmSync(directory, { recursive: true, force: true });
  });

  it('at another time', async () => {
    expect(await pack({ root, at: path.join(scratch, 'again'), umask: '022' })).toEqual(first);
  });

  it('in another directory, with another umask, time zone and language', async () => {
    const environment = { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8' };
    const at = path.join(scratch, 'another place');
    expect(await pack({ root, at, umask: '077', environment })).toEqual(first);
  });

  it('with another order of directory entries', async () => {
    expect(await pack({ root: shuffled, at: path.join(scratch, 'shuffled'), umask: '022' })).toEqual(first);
  });

  it.runIf(has('userNamespace', 'tool:setpriv'))('when a user runs it', async () => {
    const as = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];
    const at = path.join(scratch, 'user');
    expect(await pack({ root: shuffled, at, umask: '002', as })).toEqual(first);
  });
});

it.runIf(has('chroot', 'tool:gcc', 'userNamespace', 'tool:setpriv'))(
  'vendor makes the same of a DESTDIR tree for a user as for root',
  async () => {
    const at = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-e2e-'));
    try {
      fs.copyFileSync(bundle, path.join(at, 'flix.mjs'));
      fs.chmodSync(at, 0o755);
      const results = [];
      for (const user of [0, USER]) {
        const place = path.join(at, String(user));
        install(path.join(place, 'rootfs'));
        await execa('chown', ['--recursive', '--no-dereference', `${user}:${user}`, place]);
        const as = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', process.execPath, '../flix.mjs'];
        await execa('setpriv', [...as, 'vendor', 'rootfs', '--name', 'app'], { cwd: place });
        results.push(snapshot(path.join(place, 'rootfs')));
      }
      expect(results[1]).toEqual(results[0]);
    } finally {
      fs.rmSync(at, { recursive: true });
    }
  },
);

/** Copies a directory, creating the entries of each directory in reverse order. */
function copyBackwards(from: string, to: string): void {
  const stat = fs.lstatSync(from);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  if (stat.isSymbolicLink()) return fs.symlinkSync(fs.readlinkSync(from), to);
  if (stat.isDirectory()) {
    fs.mkdirSync(to, { recursive: true });
    for (const name of fs.readdirSync(from).sort().reverse())
      copyBackwards(path.join(from, name), path.join(to, name));
  } else fs.copyFileSync(from, to);
  fs.chmodSync(to, stat.mode);
}
