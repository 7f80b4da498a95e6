import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { base, completed, type Files, holds, LIB, planOf, program, rootAt } from './plan.ts';

const at = scratch();
const NAMES = new Set(['names-absent', 'script', 'runs-absent', 'missing-interpreter']);

/** Writes a root whose scripts are executable. */
function rootOf(files: Files, where = 'root', loader: 'glibc' | 'none' = 'glibc') {
  const view = rootAt(at(where), files, loader);
  for (const [file, recipe] of Object.entries(files))
    if ('text' in recipe && recipe.text.startsWith('#!'))
      fs.chmodSync(path.join(at(where), file), recipe.text.includes('not run') ? 0o644 : 0o755);
  return view;
}

const remarksOf = ({ remarks }: ReturnType<typeof planOf>) =>
  remarks
    .filter(({ code }) => NAMES.has(code))
    .map(({ code, file, message }) => `${code} ${file} ${message}`);

const files: Files = {
  ...base,
  '/usr/bin/dash': program(),
  '/usr/bin/sh': { link: 'dash' },
  '/usr/bin/app': program({
    needed: ['libapp.so.1'],
    runpath: '/usr/lib/app/libs',
    data: `/usr/share/app/data:/usr/share/app\0/usr/share/none\0/usr/share/locale\0${LIB}\0/etc/app.conf\0`,
  }),
  '/usr/lib/app/libs/libapp.so.1': {
    soname: 'libapp.so.1',
    needed: ['libc.so.6'],
    data: '/usr/lib/app/mod\0',
  },
  '/usr/lib/app/mod': { text: '' },
  '/usr/share/app/data': { text: '' },
  '/usr/share/locale/de': { text: '' },
  '/usr/share/zoneinfo/UTC': { text: '' },
  [`${LIB}/libc.so.6`]: {
    soname: 'libc.so.6',
    needed: ['ld-linux-x86-64.so.2'],
    data: '/usr/share/zoneinfo\0',
  },
  '/etc/app.conf': { text: '' },
  '/usr/lib/app/app.bin': program(),
  '/usr/bin/app.sh': {
    text: '#!/bin/sh\n# /usr/bin/app\nexport DATA=/usr/share/app\nexec /usr/lib/app/app.bin "$@" /usr/none /usr$X/bin/app\n',
  },
  '/usr/bin/app.py': { text: '#!/usr/bin/env python3\n' },
};

describe('paths that programs of the tree name', () => {
  it('are left to the host if they lie outside /usr and /opt, and no option is advised that vendor would refuse', () => {
    const owned: Files = {
      ...files,
      '/usr/bin/app': program({ data: '/etc/app.d\0' }),
      '/etc/app.d/README': { text: '' },
      '/var/lib/dpkg/status': {
        text: 'Package: app\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n',
      },
      '/var/lib/dpkg/info/app.list': { text: '/usr/bin/app\n/etc/app.d\n/etc/app.d/README\n' },
    };
    expect(remarksOf(planOf(rootOf(owned), ['/usr/bin/app']))).toEqual([
      'names-absent /usr/bin/app names /etc/app.d, which the tree does not contain: if a program needs it, the host must have it',
    ]);
  });

  it('are reported if the root has them and the tree does not, with directories for what is in them', () => {
    expect(remarksOf(planOf(rootOf(files), ['/usr/bin/app']))).toEqual([
      'names-absent /usr/bin/app names /usr/share/app, which the tree does not contain: add it with --include, unless every host has it',
      'names-absent /usr/local/app/lib/libapp.so.1 names /usr/lib/app/mod, which the tree does not contain: add it with --include, unless every host has it',
    ]);
  });

  it('are not reported if the tree contains them, or a part of the directory', () => {
    const plan = planOf(rootOf(files), ['/usr/bin/app', '/usr/share/app/data', '/usr/lib/app']);
    expect(remarksOf(plan)).toEqual([]);
  });

  it('are reported if the file goes to another place', () => {
    const includes = [
      { source: '/usr/share/app', target: '/usr/share/moved' },
      { source: '/usr/lib/app/mod' },
    ];
    expect(remarksOf(planOf(rootOf(files), ['/usr/bin/app'], { includes }))).toEqual([
      expect.stringContaining('names /usr/share/app, '),
    ]);
  });
});

describe('a script', () => {
  it('brings the program that it starts, and is reported with the files that it names', () => {
    const plan = planOf(rootOf(files), ['/usr/bin/app.sh']);
    expect(holds(plan, '/usr/lib/app')).toEqual(['/usr/lib/app/app.bin']);
    expect(remarksOf(plan)).toEqual([
      'names-absent /usr/bin/app.sh a script that names /usr/share/app, which the tree does not contain. Name /usr/share/app too, unless every host has it.',
    ]);
  });

  it('is not reported if the tree contains all of it', () => {
    const paths = ['/usr/bin/app.sh', '/usr/lib/app/app.bin', '/usr/share/app'];
    expect(remarksOf(planOf(rootOf(files), paths))).toEqual([]);
  });

  it('brings its interpreter, unless every host has it', () => {
    const scripts = {
      ...files,
      '/usr/bin/lua5.4': program(),
      '/usr/bin/lua': { link: 'lua5.4' },
      '/usr/bin/app.lua': { text: '#!/usr/bin/env lua\n' },
      '/usr/bin/env': program(),
    };
    const plan = planOf(rootOf(scripts), ['/usr/bin/app.lua']);
    expect(holds(plan, '/usr/bin')).toEqual(['/usr/bin/app.lua']);
    expect(holds(plan, '/usr/local/app/bin')).toEqual(['/usr/local/app/bin/lua5.4']);
    expect(plan.needs.map(({ what, verdict }) => `${what}: ${verdict}`)).toEqual([
      '/usr/bin/env: provided by every host',
      '/usr/bin/lua: brought',
      'libgcc_s.so.1: brought',
    ]);
  });

  it('is reported if its interpreter is not in the root', () => {
    expect(remarksOf(planOf(rootOf(files), ['/usr/bin/app.py']))).toEqual([
      'missing-interpreter /usr/bin/app.py a script that is run by /usr/bin/env, which is not in the root.',
      'missing-interpreter /usr/bin/app.py a script that is run by python3, which is not in the root.',
    ]);
  });

  it('of a directory shares a remark with the others that need the same, and counts only if it can be started', () => {
    const directory = {
      ...files,
      '/usr/bin/ruby': program(),
      '/usr/lib/x/a': { text: '#!/usr/bin/ruby\n' },
      '/usr/lib/x/b': { text: '#!/usr/bin/ruby\n' },
      '/usr/lib/x/c': { text: '#!/usr/bin/perl not run\n' },
    };
    expect(remarksOf(planOf(rootOf(directory), ['/usr/lib/x']))).toEqual([
      expect.stringMatching(
        /^script \/usr\/lib\/x\/a a script that is run by \/usr\/bin\/ruby, which the tree does not contain; so do 1 more\./,
      ),
    ]);
  });

  it('is reported in a DESTDIR tree if it runs what only the staging root has, unless it is a program, which brings that', () => {
    const root = rootOf(files);
    const reported = (name: string, script: string) => {
      const tree = { '/usr/bin/mine': program(), [script]: files['/usr/bin/app.sh']! };
      const plan = completed(rootOf(tree, name, 'none'), root);
      const isBrought = plan.files.some(({ target }) => target === '/usr/lib/app/app.bin');
      return [isBrought, ...remarksOf(plan).filter(remark => remark.startsWith('runs-absent'))];
    };
    expect(reported('data', '/usr/share/app/app.sh')).toEqual([
      false,
      expect.stringContaining('/usr/share/app/app.sh a script that runs /usr/lib/app/app.bin,'),
    ]);
    expect(reported('tree', '/usr/bin/app.sh')).toEqual([true]);
  });
});
