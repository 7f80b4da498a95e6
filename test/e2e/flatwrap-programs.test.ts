import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot, type RootName } from '../lab/roots.ts';
import { type WrappedStage, wrappedStage } from './flatwrap-stage.ts';
import { programs } from './programs.ts';
import { type TlsServer, tlsServer } from './tls-server.ts';

const able = has('root', 'mountNamespace', 'archive', 'tool:strace', 'tool:tmux', 'tool:openssl');

const releases = { bookworm: 'trixie', trixie: 'bookworm' } as const;
type Release = keyof typeof releases;

/** `/data` belongs to the test. Showing it outside of /usr requires the chroot form. */
const forms = { overmount: [], chroot: ['--bind', '/data:/data'] } as const;
type Form = keyof typeof forms;

let scratch: string;
let server: TlsServer;
const roots = new Map<RootName, string>();

beforeAll(async () => {
  if (!able) return;
  scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'flix-flatwrap-')));
  fs.chmodSync(scratch, 0o755);
  server = await tlsServer(scratch);
  const names = ['apps-bookworm', 'apps-trixie', 'media-bookworm', 'host-bookworm', 'host-trixie'] as const;
  for (const name of names) roots.set(name, fs.realpathSync(await labRoot(name)));
});
afterAll(() => {
  server?.close();
  if (scratch) fs.rmSync(scratch, { recursive: true, force: true });
});

const counter = { value: 0 };

/** Wraps programs of one root and merges the tree over a host. */
async function wrapped(
  root: string,
  host: string,
  form: Form,
  paths: readonly string[],
  uid = 0,
): Promise<WrappedStage> {
  const at = path.join(scratch, String(counter.value++));
  const tree = path.join(at, 'tree');
  fs.mkdirSync(at);
  await flix(
    'vendor',
    root,
    '--mode',
    'flatwrap',
    '--trim',
    '--name',
    'app',
    '--out',
    tree,
    ...forms[form],
    ...paths,
  );
  return wrappedStage({ tree, name: 'app', host, scratch: at, uid });
}

const cases: readonly (readonly [string, Release, Form, number])[] = [
  ['tilde', 'bookworm', 'overmount', 0],
  ['btop', 'bookworm', 'overmount', 1000],
  ['btop', 'trixie', 'chroot', 0],
  ['nginx', 'trixie', 'overmount', 0],
  ['nginx', 'bookworm', 'chroot', 0],
  ['curl', 'bookworm', 'chroot', 1000],
  ['python3', 'trixie', 'overmount', 1000],
  ['python3', 'bookworm', 'chroot', 0],
];

describe.runIf(able)(
  'a wrapped program works over a read-only /usr of the other release and loads no library of the host',
  () => {
    it.each(cases)('%s of %s, form %s, called by uid %d', async (name, release, form, uid) => {
      const { entry, resources, work } = programs.find(program => program.name === name)!;
      const root = roots.get(`apps-${release}`)!;
      const host = roots.get(`host-${releases[release]}`)!;
      const stage = await wrapped(root, host, form, [entry, ...resources(root)], uid);
      await work({ ...stage, trace: noTrace, foreign: stage.foreign }, entry, server);
      expect(stage.foreign(entry)).toEqual([]);
      expect(stage.mapped(entry)).toContain('/usr/lib/x86_64-linux-gnu/libc.so.6');
    });

    it('if it is vim, a link through /etc/alternatives', async () => {
      const [root, host] = [roots.get('apps-bookworm')!, roots.get('host-trixie')!];
      const stage = await wrapped(root, host, 'overmount', ['/usr/bin/vim'], 1000);
      const script = ['+call writefile([v:argv[0], getcwd()], "/data/said")', '+quit!'];
      await run(stage, ['/usr/bin/vim', '-es', '-u', 'NONE', ...script]);
      expect(fs.readFileSync(path.join(stage.data, 'said'), 'utf8')).toBe('/usr/bin/vim\n/data\n');
      expect(stage.foreign('/usr/bin/vim')).toEqual([]);
    });

    it('if it is ffmpeg, with two hundred libraries', async () => {
      const [root, host] = [roots.get('media-bookworm')!, roots.get('host-trixie')!];
      const stage = await wrapped(root, host, 'overmount', ['/usr/bin/ffmpeg']);
      const source = ['-f', 'lavfi', '-i', 'testsrc=duration=1:size=64x64:rate=5'];
      await run(stage, ['/usr/bin/ffmpeg', '-v', 'error', ...source, '/data/out.mkv']);
      expect(fs.statSync(path.join(stage.data, 'out.mkv')).size).toBeGreaterThan(1000);
      expect(stage.foreign('/usr/bin/ffmpeg')).toEqual([]);
      expect(stage.mapped('/usr/bin/ffmpeg').length).toBeGreaterThan(100);
    });

    it('if it is a script, with the interpreter that its first line names', async () => {
      const [root, host] = [roots.get('apps-bookworm')!, roots.get('host-trixie')!];
      const stage = await wrapped(root, host, 'overmount', ['/usr/bin/ldd', '--include', '/usr/bin/cat']);
      expect(await run(stage, ['/usr/bin/ldd', '--version'])).toMatch(/^ldd \(.*\) 2\.36/);
      expect(stage.foreign('/usr/bin/ldd')).toEqual([]);
    });
  },
);

describe.runIf(able)('the check for libraries of the host', () => {
  it('finds a library that the host puts into the view', async () => {
    const [root, host] = [roots.get('apps-bookworm')!, roots.get('host-trixie')!];
    const library = '/usr/lib/x86_64-linux-gnu/libm.so.6';
    const paths = [
      '/usr/bin/btop',
      '--bind-ro',
      '/usr/lib/x86_64-linux-gnu/libz.so.1:/usr/lib/x86_64-linux-gnu/libm.so.6',
    ];
    const stage = await wrapped(root, host, 'overmount', paths);
    await run(stage, ['/usr/bin/btop', '--version']).catch(() => undefined);
    expect(stage.foreign('/usr/bin/btop')).toEqual([library]);
  });
});

async function run(stage: WrappedStage, argv: readonly string[]): Promise<string> {
  const [program, ...options] = stage.command(argv);
  const { stdout, stderr, exitCode } = await execa(program!, options, { reject: false, timeout: 300_000 });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return stdout;
}

function noTrace(): never {
  throw new Error('the work of a program must not use the trace');
}
