import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { flix, LIB, LOADER, makeRoot, refusal, refused, small } from '../cli/flix.ts';
import type { FileRecipe } from '../lab/fixture.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();
const UNIT = '/usr/lib/systemd/system/app.service';

const rootFiles = {
  ...small,
  [UNIT]: { text: '[Service]\nExecStart=/usr/bin/app\nUser=nobody\n' },
  '/usr/share/app/data': { text: 'data\n' },
} satisfies Readonly<Record<string, FileRecipe>>;

/** Makes the root and an overlay, and vendors the program with it. */
async function vendor(
  overlay: Readonly<Record<string, FileRecipe>>,
  ...args: string[]
): ReturnType<typeof flix> {
  makeRoot(at('root'), rootFiles);
  makeRoot(at('own'), overlay, 'none');
  const options = ['--overlay', 'own', '--name', 'app', '--no-run', '--out', at('tree')];
  return flix(['vendor', at('root'), '/usr/bin/app', ...options, ...args], { cwd: at() });
}

const text = (file: string) => fs.readFileSync(at('tree', file), 'utf8');
const manifest = () =>
  JSON.parse(text('usr/local/app/manifest.json')) as {
    readonly files: readonly { path: string; role: string; origin?: { root: string } }[];
  };

describe.runIf(has('loader:glibc'))('vendor --overlay', () => {
  it('adds the files of the directory, and records where they come from', async () => {
    const own = { '/usr/lib/sysusers.d/app.conf': { text: 'u app -\n' } };
    expect(await vendor(own)).toMatchObject({ status: 0 });
    expect(text('usr/lib/sysusers.d/app.conf')).toBe('u app -\n');
    const recorded = manifest().files.find(({ path: file }) => file === '/usr/lib/sysusers.d/app.conf');
    expect(recorded).toMatchObject({ role: 'resource', origin: { root: 'overlay' } });
  });

  it('prefers its files to those of the root, however these were named', async () => {
    for (const args of [[UNIT], ['--include', UNIT], ['--include', '/usr/lib/systemd']]) {
      expect(await vendor({ [UNIT]: { text: 'mine\n' } }, ...args)).toMatchObject({ status: 0 });
      expect(text(UNIT)).toBe('mine\n');
    }
  });

  /** Roots with an interpreter, and a directory with scripts that it runs. */
  const scripted = () => {
    makeRoot(at('root'), { ...rootFiles, '/usr/bin/tclsh': small['/usr/bin/app']! });
    const run = { text: '#!/usr/bin/tclsh -x\nputs hello\n', mode: 0o755 };
    makeRoot(
      at('own'),
      {
        '/usr/bin/run': run,
        '/usr/bin/other': { text: '#!/usr/bin/env tclsh\n', mode: 0o755 },
        // no programs: neither of these brings anything
        '/usr/share/doc/run/example': { ...run, text: '#!/usr/bin/wish\n' },
        '/usr/bin/notes': { text: '#!/usr/bin/wish\n', mode: 0o644 },
      },
      'none',
    );
  };

  it('brings the interpreters of its scripts to the private directory, also without a program of the root', async () => {
    for (const paths of [[], ['/usr/bin/app']]) {
      scripted();
      const options = ['--overlay', 'own', '--name', 'app', '--no-run', '--out', at('tree')];
      const { status, stderr } = await flix(['vendor', at('root'), ...paths, ...options], { cwd: at() });
      expect([status, stderr]).toEqual([0, expect.not.stringContaining('which the tree does not contain')]);
      expect(text('usr/bin/run')).toBe('#!/usr/local/app/bin/tclsh -x\nputs hello\n');
      expect(text('usr/bin/other')).toBe('#!/usr/local/app/bin/tclsh\n');
      expect(fs.existsSync(at('tree/usr/local/app/bin/tclsh'))).toBe(true);
      expect(fs.existsSync(at('tree/usr/bin/tclsh'))).toBe(false);
    }
  });

  it('names the interpreter of a script in it that the root does not have', async () => {
    const script = { '/usr/bin/run': { text: '#!/usr/bin/wish\n', mode: 0o755 } };
    const { status, stderr } = await vendor(script);
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining(
        '/usr/bin/run: a script that is run by /usr/bin/wish, which is not in the root',
      ),
    ]);
  });

  it('makes a tree of a DESTDIR tree that contains only scripts', async () => {
    scripted();
    const options = ['--staging', at('root'), '--name', 'app', '--no-run', '--out', at('tree')];
    expect(await flix(['vendor', at('own'), ...options], { cwd: at() })).toMatchObject({ status: 0 });
    expect(fs.existsSync(at('tree/usr/bin/tclsh'))).toBe(true);
    const { entries } = JSON.parse(text('usr/local/app/manifest.json')) as { readonly entries: unknown };
    expect(JSON.stringify(entries)).toMatch(/usr\/bin\/other.*usr\/bin\/run/);
    expect(JSON.stringify(entries)).not.toContain('notes');
  });

  it('prefers its files to those of a DESTDIR tree, again in a second run', async () => {
    const dest = makeRoot(
      at('dest'),
      { '/usr/bin/app': small['/usr/bin/app']!, [UNIT]: { text: 'x' } },
      'none',
    );
    makeRoot(at('root'));
    makeRoot(at('own'), { [UNIT]: { text: 'mine\n' } }, 'none');
    const args = ['vendor', dest, '--staging', at('root'), '--overlay', at('own'), '--no-run'];
    expect(await flix(args)).toMatchObject({ status: 0 });
    expect(fs.readFileSync(at('dest', UNIT), 'utf8')).toBe('mine\n');
    const { stdout, status } = await flix(args);
    expect([status, stdout]).toEqual([0, expect.stringContaining('(unchanged)')]);
  });

  it('makes its programs self-contained, and lets its libraries win', async () => {
    const libx = (rpath: string): FileRecipe => ({
      soname: 'libx.so.1',
      needed: ['libc.so.6'],
      rpath,
    });
    const own = {
      '/usr/bin/helper': { interp: LOADER, needed: ['libx.so.1', 'libc.so.6'] },
      [`${LIB}/libx.so.1`.replace('/lib/', '/usr/lib/')]: libx('/mine'),
    } satisfies Readonly<Record<string, FileRecipe>>;
    const { stderr, status } = await vendor(own);
    expect([status, stderr]).toEqual([0, expect.any(String)]);
    const of = (name: string) => manifest().files.find(({ path: file }) => file === name);
    expect(of('/usr/bin/helper')).toMatchObject({ role: 'program', edits: [expect.anything()] });
    const { stdout } = await flix(['tree', '--root', at('tree'), '/usr/bin/helper', '--json']);
    expect(stdout).toContain('/usr/local/app/lib/libc.so.6');
  });

  it('takes no mode from its directories where the root has them', async () => {
    makeRoot(at('own'), { '/usr/lib/app/secret/key': { text: '' } }, 'none');
    for (const directory of ['usr', 'usr/lib']) fs.chmodSync(at('own', directory), 0o700);
    fs.chmodSync(at('own/usr/lib/app/secret'), 0o700);
    expect(await vendor({})).toMatchObject({ status: 0 });
    const modes = ['usr', 'usr/lib', 'usr/lib/app/secret'].map(
      directory => fs.statSync(at('tree', directory)).mode & 0o777,
    );
    expect(modes).toEqual([0o755, 0o755, 0o700]);
  });

  it('adds them beside the wrappers in Flatwrap mode, and names programs that stay unwrapped', async () => {
    const own = {
      [UNIT]: { text: '[Service]\nExecStart=/usr/bin/app\n' },
      '/usr/lib/systemd/system/setup.service': {
        text: '[Service]\nExecStart=systemd-sysusers app.conf\n',
      },
      '/usr/bin/helper': { interp: LOADER, needed: ['libc.so.6'] },
    } satisfies Readonly<Record<string, FileRecipe>>;
    const { stderr, status } = await vendor(own, '--mode', 'flatwrap', '--trim');
    // it has to run in the host's root
    expect(fs.existsSync(at('tree/usr/lib/systemd/system/setup.service.d'))).toBe(false);
    expect(stderr).not.toContain('systemd-sysusers');
    expect(status).toBe(0);
    expect(text(UNIT)).toContain('ExecStart=/usr/bin/app');
    expect(fs.existsSync(at(`tree${UNIT}.d`))).toBe(true);
    expect(stderr).toContain(
      '/usr/bin/helper: copied from the overlay as it is: it loads the libraries of the host',
    );
  });

  it('comes from flix.json, relative to that file', async () => {
    makeRoot(at('root'), rootFiles);
    makeRoot(at('recipe/own'), { '/usr/share/app/mine': { text: 'mine\n' } }, 'none');
    fs.writeFileSync(at('recipe/flix.json'), JSON.stringify({ overlay: ['own'], name: 'app' }));
    const args = ['vendor', at('root'), '/usr/bin/app', '--config', 'recipe/flix.json', '--no-run'];
    expect(await flix([...args, '--out', at('tree')], { cwd: at() })).toMatchObject({ status: 0 });
    expect(text('usr/share/app/mine')).toBe('mine\n');
  });
});

describe('vendor --overlay', () => {
  it.each<[files: Readonly<Record<string, FileRecipe>>, says: string[]]>([
    [{}, ['--overlay own is empty', 'usr/lib/systemd/system/NAME.service']],
    [
      { '/etc/app.conf': { text: '' } },
      ['--overlay own contains etc', 'systemd-tmpfiles', 'docs/services.md'],
    ],
    [{ '/lib/systemd/system/app.service': { text: '' } }, ['--overlay own contains lib', 'below usr']],
  ])('refuses what an extension cannot contain: %j', async (files, says) => {
    fs.mkdirSync(at('own'));
    expect(refusal(await vendor(files), says)).toEqual(refused(2));
    expect(fs.existsSync(at('tree'))).toBe(false);
  });

  it('refuses a directory that does not exist', async () => {
    makeRoot(at('root'));
    const result = await flix(['vendor', at('root'), '/usr/bin/app', '--overlay', path.join(at(), 'gone')]);
    expect(refusal(result, ['gone: no such file or directory'])).toEqual(refused(2));
  });

  it('refuses two overlays that contain different files of one path', async () => {
    makeRoot(at('root'));
    for (const name of ['a', 'b']) makeRoot(at(name), { [UNIT]: { text: name } }, 'none');
    const args = ['--overlay', at('a'), '--overlay', at('b'), '--out', at('tree'), '--no-run'];
    const result = await flix(['vendor', at('root'), '/usr/bin/app', ...args]);
    expect(refusal(result, [`two files claim ${UNIT}`, at('a'), at('b')])).toEqual(refused(2));
  });

  it('refuses an output that would replace the overlay, and a tree of flix as the overlay', async () => {
    makeRoot(at('root'));
    makeRoot(at('own'), { [UNIT]: { text: '' } }, 'none');
    const args = ['vendor', at('root'), '/usr/bin/app', '--overlay', at('own'), '--no-run'];
    expect(refusal(await flix([...args, '--out', at('own'), '--force']), ['would be replaced'])).toEqual(
      refused(2),
    );
    if (!has('loader:glibc')) return;
    expect(await flix([...args, '--out', at('tree')])).toMatchObject({ status: 0 });
    const again = await flix([
      'vendor',
      at('root'),
      '/usr/bin/app',
      '--overlay',
      at('tree'),
      '--out',
      at('two'),
    ]);
    expect(refusal(again, [`--overlay ${at('tree')} is a tree that flix made`])).toEqual(refused(2));
  });
});
