import fs from 'node:fs';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { flix } from '../lab/flix.ts';
import { has } from '../lab/requires.ts';
import { labRoot } from '../lab/roots.ts';
import { stage, type Stage } from '../lab/stage.ts';

const at = scratch();
const able = has('root', 'mountNamespace', 'archive', 'tool:strace');

async function output(on: Stage, ...argv: string[]): Promise<string> {
  const [program, ...options] = on.command(argv);
  const { stdout, stderr, exitCode } = await execa(program!, options, { reject: false });
  expect({ argv, exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return stdout;
}

interface Task {
  /** The only path that is named. */
  readonly entry: string;
  readonly options?: readonly string[];
  /** What the tree must not replace on the host. */
  readonly leaves?: string;
  readonly work: (on: Stage) => Promise<void>;
}

const PYTHON =
  'import ctypes, json, lzma, sqlite3, ssl, uuid; print(json.dumps(sqlite3.connect(":memory:").execute("select 6 * 7").fetchall()))';

const tasks: Readonly<Record<string, Task>> = {
  'python3 with its library and native modules': {
    entry: '/usr/bin/python3',
    async work(on) {
      expect(await output(on, '/usr/bin/python3', '-c', PYTHON)).toBe('[[42]]');
    },
  },
  'a Python script with an interpreter of its own': {
    entry: '/usr/bin/pygettext3',
    leaves: '/usr/bin/python3',
    async work(on) {
      fs.writeFileSync(`${on.data}/app.py`, 'print(_("hello"))\n');
      expect(await output(on, '/usr/bin/pygettext3', '-o', '-', '/data/app.py')).toContain('msgid "hello"');
    },
  },
  'a Perl script with its interpreter and modules': {
    entry: '/usr/bin/shasum',
    leaves: '/usr/bin/perl',
    async work(on) {
      fs.writeFileSync(`${on.data}/file`, 'flix\n');
      expect(await output(on, '/usr/bin/shasum', '-a', '256', '/data/file')).toMatch(
        /^[0-9a-f]{64} {2}\/data\/file$/,
      );
    },
  },
  'file with its database of types': {
    entry: '/usr/bin/file',
    async work(on) {
      fs.writeFileSync(`${on.data}/page.html`, '<!DOCTYPE html><html></html>');
      expect(await output(on, '/usr/bin/file', '--brief', '/data/page.html')).toContain('HTML document');
    },
  },
  'vim with its run-time files': {
    entry: '/usr/bin/vim.basic',
    options: ['--needs', 'recommended'],
    async work(on) {
      const check = 'if !filereadable($VIMRUNTIME . "/filetype.vim") | cquit | endif';
      await output(on, '/usr/bin/vim.basic', '-es', '-u', 'NONE', '-c', check, '-c', 'quit');
    },
  },
  'git with its helpers and templates': {
    entry: '/usr/bin/git',
    options: ['--needs', 'recommended'],
    async work(on) {
      await output(on, '/usr/bin/git', 'init', '--quiet', '/data/repository');
      expect(fs.existsSync(`${on.data}/repository/.git/info/exclude`)).toBe(true);
      const as = ['-c', 'user.name=flix', '-c', 'user.email=flix@localhost', '-C', '/data/repository'];
      await output(on, '/usr/bin/git', ...as, 'commit', '--quiet', '--allow-empty', '-m', 'first');
      expect(await output(on, '/usr/bin/git', ...as, 'log', '--format=%s')).toBe('first');
    },
  },
};

describe.runIf(able)('a program that was only named works', () => {
  for (const [title, { entry, options = [], leaves, work }] of Object.entries(tasks))
    it.each<[string, 'host-trixie' | undefined]>([
      ['with nothing but its tree', undefined],
      ['over another release', 'host-trixie'],
    ])(`${title}, %s`, async (where, host) => {
      const name = entry.split('/').at(-1)!;
      const tree = at(`${name}-${where.replaceAll(' ', '-')}`);
      const root = await labRoot('apps-bookworm');
      await flix('vendor', root, entry, '--name', 'app', '--out', tree, ...options);
      if (leaves !== undefined) expect(fs.existsSync(tree + leaves)).toBe(false);
      const on = stage({
        tree,
        host: host && (await labRoot(host)),
        scratch: at(`stage-${name}-${where.replaceAll(' ', '-')}`),
        sonames: [],
      });
      await work(on);
      expect(on.foreign(entry)).toEqual([]);
    });
});
