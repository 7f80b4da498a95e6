import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot, type RootName } from '../lab/roots.ts';
import { type Stage, stage } from '../lab/stage.ts';
import { type Program, programs } from './programs.ts';
import { type TlsServer, tlsServer } from './tls-server.ts';

const able = has('chroot', 'mountNamespace', 'archive', 'tool:strace', 'tool:tmux', 'tool:openssl');

const releases = { bookworm: 'trixie', trixie: 'bookworm' } as const;
type Release = keyof typeof releases;

const SIXTEEN = 'sixteen-char-app';
const SIXTY = 'an-extension-whose-name-has-sixty-characters'.padEnd(60, '-x');

interface Case {
  readonly release: Release;
  readonly program: string;
  readonly name: string;
}

const inRelease = (release: Release, ...names: string[]): Case[] =>
  names.map(program => ({ release, program, name: program }));

const cases: readonly Case[] = [
  ...inRelease('bookworm', 'tilde', 'btop', 'curl', 'nginx', 'python3'),
  ...inRelease('trixie', 'btop', 'curl', 'nginx', 'python3'),
  { release: 'bookworm', program: 'tilde', name: SIXTEEN },
  { release: 'bookworm', program: 'tilde', name: SIXTY },
  { release: 'trixie', program: 'btop', name: SIXTEEN },
  { release: 'trixie', program: 'python3', name: SIXTY },
];

let scratch: string;
let server: TlsServer;
const roots = new Map<RootName, string>();

beforeAll(async () => {
  if (!able) return;
  scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'flix-e2e-')));
  server = await tlsServer(scratch);
  const names = ['apps-bookworm', 'apps-trixie', 'host-bookworm', 'host-trixie'] as const;
  for (const name of names) roots.set(name, fs.realpathSync(await labRoot(name)));
});
afterAll(() => {
  server?.close();
  if (scratch) fs.rmSync(scratch, { recursive: true, force: true });
});

const counter = { value: 0 };
const directory = () => {
  const at = path.join(scratch, String(counter.value++));
  fs.mkdirSync(at);
  return at;
};

describe.runIf(able)(
  'a vendored program works over the other release and over nothing, with no code but its own',
  () => {
    it.concurrent.each(cases)('$program of $release as $name', async ({ release, program, name }) => {
      const { entry, resources, work } = programs.find(known => known.name === program)!;
      const root = roots.get(`apps-${release}`)!;
      const tree = path.join(directory(), name);
      await flix('vendor', root, '--name', name, '--out', tree, entry, ...resources(root));
      for (const host of [roots.get(`host-${releases[release]}`), undefined]) {
        const merged = merge(tree, name, host);
        await work(merged, entry, server);
        expect({ host, loads: merged.foreign(entry) }).toEqual({ host, loads: [] });
        expect(merged.trace(entry).mapped).toContain(`/usr/local/${name}/lib/libc.so.6`);
      }
    });
  },
);

describe.runIf(able)('the check for foreign code', () => {
  it('finds the decoys that a program with an unsealed loader loads', async () => {
    const root = roots.get('apps-bookworm')!;
    const tree = path.join(directory(), 'curl');
    await flix('vendor', root, '--seal', 'none', '--out', tree, '/usr/bin/curl');
    const merged = merge(tree, 'curl', roots.get('host-trixie'));
    await expect(curl().work(merged, '/usr/bin/curl', server)).rejects.toThrow(/exitCode/);
    expect(merged.foreign('/usr/bin/curl')).toContain('/decoy/lib/preload.so');
  });
});

function curl(): Program {
  return programs.find(({ name }) => name === 'curl')!;
}

function merge(tree: string, name: string, host: string | undefined): Stage {
  const libraries = path.join(tree, 'usr/local', name, 'lib');
  // links to directories are what libraries find beside themselves; a decoy file would hide the tree's own directory
  const sonames = fs.readdirSync(libraries).filter(file => fs.statSync(path.join(libraries, file)).isFile());
  return stage({ tree, host, scratch: directory(), sonames });
}
