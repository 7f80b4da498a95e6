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

const able = has(
  'chroot',
  'mountNamespace',
  'archive',
  'tool:strace',
  'tool:tmux',
  'tool:openssl',
  'tool:curl',
);

const releases = { bookworm: 'trixie', trixie: 'bookworm' } as const;
type Release = keyof typeof releases;

const SIXTEEN = 'sixteen-char-app';
const SIXTY = 'an-extension-whose-name-has-sixty-characters'.padEnd(60, '-x');

interface Case {
  readonly release: Release;
  readonly program: string;
  /** Default: the program's. */
  readonly name?: string;
}

const cases: readonly Case[] = [
  ...['tilde', 'btop', 'curl', 'nginx', 'python3'].map(
    program => ({ release: 'bookworm', program }) as const,
  ),
  ...['btop', 'curl', 'nginx', 'python3'].map(program => ({ release: 'trixie', program }) as const),
  ...[SIXTEEN, SIXTY].flatMap(name => [
    { release: 'bookworm', program: 'tilde', name } as const,
    { release: 'trixie', program: 'btop', name } as const,
  ]),
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

describe.runIf(able).concurrent.each(cases)(
  '$program of $release as $name',
  ({ release, program, name = program }) => {
    const subject = programs.find(known => known.name === program)!;
    const hosts = { 'the other release': `host-${releases[release]}`, nothing: undefined } as const;

    it('does its work with no code but its own, over the other release and over nothing', async () => {
      const root = roots.get(`apps-${release}`)!;
      const tree = path.join(directory(), name);
      await flix('vendor', root, '--name', name, '--out', tree, subject.entry, ...subject.resources(root));
      for (const [what, host] of Object.entries(hosts)) {
        const merged = merge(tree, name, host === undefined ? undefined : roots.get(host));
        await subject.work(merged, subject.entry, server);
        expect({ over: what, loads: merged.foreign(subject.entry) }).toEqual({ over: what, loads: [] });
        expect(merged.trace(subject.entry).mapped).toContain(`/usr/local/${name}/lib/libc.so.6`);
      }
    });
  },
);

describe.runIf(able)('the trap', () => {
  it('springs for a program whose loader is not sealed', async () => {
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
  const sonames = fs.readdirSync(path.join(tree, 'usr/local', name, 'lib'));
  return stage({ tree, host, scratch: directory(), sonames });
}
