import fs from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { type Files, program, rootAt } from '../plan/plan.ts';
import { lib, libc } from '../plan/host-bound/world.ts';
import { has } from '../lab/requires.ts';
import { flix } from './flix.ts';

const at = scratch();
const release = (text: string): Files => ({ '/usr/lib/os-release': { text } });

beforeEach(() => {
  rootAt(at('staging'), {
    ...libc(),
    ...release('ID=debian\nVERSION_ID=13\n'),
    // the run path that flix would set, so that these ELF files need no patchelf
    '/usr/bin/app': program({ needed: ['liba.so.1', 'libz.so.1', 'libc.so.6'], rpath: '/usr/local/app/lib' }),
    '/usr/bin/other': program({ needed: ['liba.so.1', 'libc.so.6'], rpath: '/usr/lib/other/lib' }),
    ...lib('liba.so.1'),
    ...lib('libz.so.1'),
  });
  for (const version of ['12', '13'])
    rootAt(at(version), {
      ...libc(),
      ...release(`ID=debian\nVERSION_ID=${version}\n`),
      ...lib('libz.so.1'),
    });
  rootAt(at('ostree'), {
    ...libc(),
    ...release('ID=fedora\nVERSION_ID=40\n'),
    ...lib('libz.so.1'),
    '/usr/local': { link: '../var/usrlocal' },
  });
});

const run = (...args: string[]) => flix(['vendor', 'staging', '/usr/bin/app', ...args], { cwd: at('.') });

describe('flix vendor --host', () => {
  it('makes a tree whose manifest has the choices, which why repeats', async () => {
    expect((await run('--host', '13', '--out', 'tree')).status).toBe(0);
    const manifest = JSON.parse(
      fs.readFileSync(path.join(at('tree'), 'usr/local/app/manifest.json'), 'utf8'),
    ) as { mode: string; host: { choices: unknown } };
    expect(manifest.mode).toBe('host-bound');
    expect(manifest.host.choices).toEqual([
      { name: 'liba.so.1', from: 'tree', because: 'debian 13 lacks liba.so.1' },
      { name: 'libc.so.6', from: 'host', because: 'debian 13 provides it' },
      { name: 'libz.so.1', from: 'host', because: 'debian 13 provides it' },
    ]);
    const why = await flix(['why', '--root', 'tree', 'libz.so.1'], { cwd: at('.') });
    expect(why.stdout).toBe('libz.so.1\n  from the host: debian 13 provides it');
    const audit = await flix(['audit', 'tree', '--host', '13'], { cwd: at('.') });
    expect([audit.status, audit.stderr]).toEqual([0, '']);
  });

  it('prints the choices and the claim with --dry-run', async () => {
    const { stdout } = await run('--host', '13', '--dry-run');
    expect(stdout).toContain('  liba.so.1  from the tree: debian 13 lacks liba.so.1\n');
    expect(stdout).toContain('\n  claim  ID=debian VERSION_ID=13');
    const { stdout: json } = await run('--host', '13', '--dry-run', '--json');
    expect(JSON.parse(json)).toMatchObject({ host: { claim: 'ID=debian VERSION_ID=13' } });
  });

  it('gives the same tree from a profile of the host', async () => {
    await flix(['host', 'snapshot', '--root', '13', '-o', '13.profile'], { cwd: at('.') });
    await run('--host', '13', '--out', 'by-root');
    await run('--host', '13.profile', '--out', 'by-profile');
    const read = (tree: string) =>
      fs.readFileSync(path.join(at(tree), 'usr/local/app/manifest.json'), 'utf8');
    expect(read('by-profile')).toBe(read('by-root'));
  });

  it('keeps the private directory out of a /usr/local that is a link', async () => {
    const args = ['vendor', 'staging', '/usr/bin/other', '--host', 'ostree', '--out', 'on-ostree'];
    expect((await flix(args, { cwd: at('.') })).status).toBe(0);
    expect(fs.existsSync(path.join(at('on-ostree'), 'usr/lib/other/lib/liba.so.1'))).toBe(true);
    expect(fs.existsSync(path.join(at('on-ostree'), 'usr/local'))).toBe(false);
    const audit = await flix(['audit', 'on-ostree', '--host', 'ostree'], { cwd: at('.') });
    expect([audit.status, audit.stdout]).toEqual([0, expect.stringContaining('no findings')]);
  });

  it('makes no image of a tree that no claim covers, and images for each host of the tree', async () => {
    const hosts = ['--host', '12', '--host', '13'];
    const refused = await run(...hosts, '--out', 'both', '--pack');
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining('no claim covers debian 12, debian 13'),
    ]);
    expect(fs.existsSync(at('both'))).toBe(false);
    expect((await run(...hosts, '--out', 'both')).status).toBe(0);
    const pack = (...args: string[]) => flix(['pack', 'both', '--name', 'app', ...args], { cwd: at('.') });
    const any = await pack('--os-id', '_any', '-o', 'any.raw');
    expect(any.stderr).toContain(
      'would say ID=_any, but the tree uses libraries or files of debian 12, debian 13',
    );
  });

  it.each([
    [['--mode', 'host-bound'], 'no host is given'],
    [['--host', '13', '--seal', 'none'], '--seal is for private loaders'],
    [['--host', '13', '--host', '12', '--mode', 'flix'], '--mode flix judges by one host, but 2 are given'],
    [['--host', '13', '--trim'], '--trim needs --mode flatwrap'],
    [['--host', 'staging/usr'], 'staging/usr is not a host'],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await run(...args, '--out', 'refused');
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(fs.existsSync(at('refused'))).toBe(false);
  });
});

describe('flix pack --host of a tree for one release', () => {
  const level = (version: string): Files => ({
    ...libc(),
    ...release(`ID=flatcar\nVERSION_ID=${version}\nSYSEXT_LEVEL=1.0\n`),
  });
  const pack = (host: string, ...args: string[]) =>
    flix(['pack', 'flatcar-1/app', '--host', host, '--format', 'erofs', ...args], { cwd: at('.') });

  beforeEach(async () => {
    rootAt(at('one'), { ...level('1'), ...lib('libz.so.1') });
    rootAt(at('two'), { ...level('2'), ...lib('libz.so.1'), ...lib('liba.so.1') });
    await run('--host', 'one', '--host', 'two', '--per-host=0', '--out', 'app');
  });

  it.runIf(has('tool:mkfs.erofs'))(
    'names the release in the feed, although all releases share a level',
    async () => {
      const feed = ['--version', '1', '--feed', 'feed', '--feed-url', 'https://example.org/'];
      expect((await pack('one', ...feed)).status).toBe(0);
      expect(fs.readdirSync(at('feed'))).toContain('app~flatcar~1~1-x86-64.raw');
    },
  );

  it('refuses a host of another release, which would merge a tree that was not made for it', async () => {
    const { status, stderr } = await pack('two');
    expect(status).toBe(2);
    expect(stderr).toContain('was made for hosts with ID=flatcar VERSION_ID=1 alone');
  });
});
