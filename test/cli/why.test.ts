import { beforeAll, describe, expect, test } from 'vitest';
import { whyCommand } from '../../src/cli/why.ts';
import { files, root } from '../report/root.ts';
import { run } from './run.ts';

let small: string;
beforeAll(() => {
  small = root(files);
});
const why = (...argv: string[]) => run(whyCommand(), '--root', small, ...argv);

describe('a library can be named by', () => {
  test.each([
    ['its soname', 'libz.so.1'],
    ['its file name', 'libz.so.1.2'],
    ['its path', '/lib/x86_64-linux-gnu/libz.so.1.2'],
    ['a link to it', '/lib/x86_64-linux-gnu/libz.so.1'],
    ['the same as a path without its first slash', 'lib/x86_64-linux-gnu/libz.so.1'],
  ])('%s', async (_, asked) => {
    const { stdout, status } = await why(asked, '/usr/bin/viewer');
    expect(stdout).toContain('└─ libpng.so.16 => ');
    expect(status).toBe(0);
  });
});

describe('flix why without an entry', () => {
  test('looks at every program of the root', async () => {
    expect((await why('libpng.so.16')).stdout).toContain('loaded by 2 of 8 programs');
  });

  test('exits with status 3 if the library is missing somewhere', async () => {
    const { stdout, status } = await why('libgone.so.1');
    expect(stdout).toContain('searched:');
    expect(status).toBe(3);
  });
});

describe('a library that nothing needs', () => {
  test('gives status 1 and a suggestion of a similar name', async () => {
    const { stdout, stderr, status } = await why('libz.so', '/usr/bin/viewer');
    expect(stdout).toBe('');
    expect(stderr).toBe(
      'flix: nothing needs libz.so: it is not among the dependencies of /usr/bin/viewer\n  Did you mean libz.so.1?\n',
    );
    expect(status).toBe(1);
  });

  test('gives a document without reasons with --json', async () => {
    const { stdout, status } = await why('--json', 'libnone.so');
    expect(JSON.parse(stdout)).toEqual({
      schema: 'flix.why/1',
      asked: 'libnone.so',
      entries: 8,
      objects: [],
      missing: [],
    });
    expect(status).toBe(1);
  });

  test('has no reason even if it is an entry itself', async () => {
    expect((await why('viewer')).status).toBe(1);
  });
});
