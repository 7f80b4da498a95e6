import { execaSync } from 'execa';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { treeCommand } from '../../src/cli/tree.ts';
import { has } from '../lab/requires.ts';
import { files, LIB, LOADER, root } from '../report/root.ts';
import { run } from './run.ts';

let small: string;
beforeAll(() => {
  small = root(files);
});
const tree = (...argv: string[]) => run(treeCommand(), '--root', small, ...argv);

describe('the exit status of flix tree', () => {
  test.each([
    ['/usr/bin/app', 0],
    ['/usr/bin/static', 0],
    ['/usr/bin/broken', 3],
    ['/usr/bin/new', 3],
    ['/usr/bin/textual', 3],
  ])('of %s is %i', async (entry, status) => {
    expect((await tree(entry)).status).toBe(status);
  });

  test('is 3 for a program whose loader is missing', async () => {
    expect((await run(treeCommand(), '--root', root(files, 'none'), '/usr/bin/app')).status).toBe(3);
  });

  test('is 0 for a listing, whatever is missing', async () => {
    const { stdout, status } = await tree('--all');
    expect(status).toBe(0);
    expect(stdout).toContain('/usr/bin/broken: 2 libraries, 1 missing\n');
  });
});

describe('a glob', () => {
  test('stands for the ELF files that it matches', async () => {
    const both = await tree('/usr/bin/app', '/usr/bin/static');
    expect(await tree('/usr/bin/{app,static,script,none}')).toEqual(both);
    const { status, stderr } = await tree('/usr/bin/none*');
    expect([status, stderr]).toEqual([2, expect.stringContaining('/usr/bin/none* matches no ELF file in')]);
  });
});

describe('a path that is not a program', () => {
  test.each([
    ['/usr/bin/script', '/usr/bin/script is a script, run by /bin/sh'],
    [
      '/usr/bin/env-script',
      'run by app\n  A script loads nothing itself; look at its interpreter instead.\n  flix tree /usr/bin/app',
    ],
    ['/usr/bin/empty', 'is empty'],
    ['/lib/libtext.so', 'is a linker script'],
    ['/usr/bin', 'is a directory'],
    ['/etc/os-release', 'is not an ELF file, but text'],
    ['viewer', 'Did you mean /usr/bin/viewer?'],
    ['/nowhere', 'is not in debian 12\n  A path is looked up inside the root'],
  ])('%s', async (entry, message) => {
    const { stderr, status } = await tree(entry);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });

  test('that begins with the path of the root gets a suggestion', async () => {
    expect((await tree(path.join(small, 'usr/bin/viewer'))).stderr).toContain(
      'Did you mean /usr/bin/viewer?',
    );
  });

  test.runIf(has('tool:mkfifo'))('that is a FIFO is refused without waiting for its writer', async () => {
    const directory = root({ '/usr/bin/fifo': { fifo: true } });
    const { stderr, status } = await run(treeCommand(), '--root', directory, '/usr/bin/fifo');
    expect(stderr).toContain('/usr/bin/fifo is not a regular file');
    expect(status).toBe(2);
  });
});

describe('bad usage of flix tree', () => {
  test.each([
    [['--hwcaps', 'v3', '/usr/bin/app'], 'Known: x86-64-v2, x86-64-v3'],
    [[], 'no path is named'],
    [['--ndjson', '/usr/bin/app'], '--ndjson needs --all'],
    [['--all', '/usr/bin/app'], 'takes no paths'],
    [['--all', '--json'], '--all --ndjson'],
    [['--staging', '/nowhere', '/usr/bin/app'], '/nowhere: no such file or directory'],
  ])('%j', async (argv, message) => {
    const { stderr, status } = await tree(...argv);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });
});

describe('several paths on the command line', () => {
  test('are shown as several trees', async () => {
    const { stdout } = await tree('/usr/bin/app', '/usr/bin/viewer');
    expect(stdout).toMatch(/^\/usr\/bin\/app →[^]*\n\n\/usr\/bin\/viewer {2}\(/);
  });

  test('are combined in one document with --json', async () => {
    const { stdout } = await tree('--json', '/usr/bin/app', '/usr/bin/broken');
    const { schema, trees } = JSON.parse(stdout);
    expect(schema).toBe('flix.tree/1');
    expect(trees).toMatchObject([
      { entry: '/usr/bin/app', missing: [] },
      { missing: [{ name: 'libgone.so.1' }, {}] },
    ]);
  });
});

describe('--staging and --host', () => {
  const destdir = {
    '/usr/bin/tool': { interp: LOADER, needed: ['libown.so', 'libz.so.1', 'libc.so.6'] },
    [`${LIB}/libown.so`]: { soname: 'libown.so' },
  };
  const second = {
    '/etc/os-release': files['/etc/os-release']!,
    [`${LIB}/libextra.so`]: { soname: 'libextra.so' },
  };

  test('search the tree first and staging roots in order, as if ldconfig had run', async () => {
    const { stdout, status } = await run(
      treeCommand(),
      '--root',
      root(destdir, 'none'),
      '--staging',
      small,
      '/usr/bin/tool',
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/libown\.so => \S+ {2}\(cache; \/\S*flix-report-/);
    expect(stdout).toContain('libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1  (cache; debian 12)');
  });

  test('fall back to the next staging root, and add the directory to equal labels', async () => {
    const tool = { ...destdir, '/usr/bin/tool': { interp: LOADER, needed: ['libextra.so', 'libc.so.6'] } };
    const other = root(second, 'none');
    const { stdout } = await run(
      treeCommand(),
      '--root',
      root(tool, 'none'),
      '--staging',
      small,
      '--staging',
      other,
      '/usr/bin/tool',
    );
    expect(stdout).toContain(`(cache; debian 12 (${path.basename(other)}))`);
    expect(stdout).toContain(`(cache; debian 12 (${path.basename(small)}))`);
  });

  test('search the host last', async () => {
    const { stdout, status } = await run(
      treeCommand(),
      '--root',
      root(destdir, 'none'),
      '--host',
      small,
      '/usr/bin/tool',
    );
    expect(status).toBe(0);
    expect(stdout).toContain(
      'libz.so.1 => /lib/x86_64-linux-gnu/libz.so.1  (default /lib/x86_64-linux-gnu; debian 12)',
    );
  });
});

test('--library-path is searched before the default directories', async () => {
  const directory = root({ ...files, '/opt/z/libz.so.1': { soname: 'libz.so.1' } });
  const { stdout } = await run(
    treeCommand(),
    '--root',
    directory,
    '--library-path',
    '/nowhere:/opt/z',
    '/usr/bin/viewer',
  );
  expect(stdout).toContain('libz.so.1 => /opt/z/libz.so.1  (LD_LIBRARY_PATH /opt/z)');
});

test.runIf(has('tool:dot'))('the output of --format dot is accepted by graphviz', async () => {
  const { stdout } = await tree('--format', 'dot', '/usr/bin/app', '/usr/bin/broken');
  expect(execaSync('dot', ['-Tsvg'], { input: stdout }).stdout).toContain('</svg>');
});
