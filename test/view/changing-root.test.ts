import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FlixError } from '../../src/errors.ts';
import { directoryView } from '../../src/view/directory.ts';
import { sha256At } from '../../src/view/digest.ts';
import { follow } from '../../src/view/follow.ts';
import { ReadFailure, type View } from '../../src/view/view.ts';
import { walk } from '../../src/view/walk.ts';
import { watchDirectories } from '../../src/view/watch-directories.ts';
import { copyFile } from '../../src/write/copy.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();
const changed = expect.objectContaining({ kind: 'io', code: 'changed' });
/** Lets handles close, as any pause of the program does. */
const nextTurn = () => new Promise(resolve => setImmediate(resolve));

function world(): string {
  fs.mkdirSync(at('root/d/e'), { recursive: true });
  fs.mkdirSync(at('outside/e'), { recursive: true });
  for (const [directory, text] of [
    ['root/d', 'mine'],
    ['outside', 'secret'],
  ] as const) {
    fs.writeFileSync(at(`${directory}/file`), text);
    fs.writeFileSync(at(`${directory}/e/file`), text);
    fs.symlinkSync(text, at(`${directory}/link`));
  }
  return at('root');
}

function swap(): void {
  fs.renameSync(at('root/d'), at('root/aside'));
  fs.symlinkSync(at('outside'), at('root/d'));
}

function swapBack(): void {
  fs.rmSync(at('root/d'));
  fs.renameSync(at('root/aside'), at('root/d'));
}

function textOf(view: View, path: string): string {
  const file = view.open(path);
  try {
    return Buffer.from(file.read(0, file.size)).toString();
  } finally {
    file.close();
  }
}

describe('a directory that is replaced by a link out of the root', () => {
  it.each<[string, (view: View) => unknown]>([
    ['open', view => view.open('/d/file')],
    ['open', view => view.open('/d/e/file', 'file')],
    ['readlink', view => view.readlink('/d/link')],
    ['stat', view => view.stat('/d/file')],
    ['list', view => view.list('/d/e')],
    ['copyFile', view => copyFile(view, '/d/file', at('copy'), [])],
  ])('ends %s with a message', async (_, use) => {
    const view = directoryView(world());
    expect([...walk(view, '/', path => path === '/d/e')].map(({ path }) => path)).toEqual([
      '/d',
      '/d/file',
      '/d/link',
    ]);
    await nextTurn();
    swap();
    expect(() => use(view)).toThrow(changed);
    expect(fs.existsSync(at('copy'))).toBe(false);
  });

  it('is not listed once its parent was', async () => {
    const view = directoryView(world());
    view.list('/');
    await nextTurn();
    swap();
    expect(() => view.list('/d')).toThrow(changed);
  });

  it('is read as it was if it was entered before', () => {
    const view = directoryView(world());
    view.list('/d');
    swap();
    expect(textOf(view, '/d/file')).toBe('mine');
    expect(view.readlink('/d/link')).toBe('mine');
  });

  it('never shows what lies outside, whenever it is replaced', async () => {
    world();
    const swapper = spawn(process.execPath, [
      '-e',
      `const fs = require('node:fs'); const [d, aside, to] = process.argv.slice(1);
       for (;;) { fs.renameSync(d, aside); fs.symlinkSync(to, d); fs.rmSync(d); fs.renameSync(aside, d); }`,
      at('root/d'),
      at('root/aside'),
      at('outside'),
    ]);
    const seen = new Set<string>();
    for (let round = 0; round < 3000; round++) {
      if (round % 50 === 0) await nextTurn();
      const view = directoryView(at('root'));
      try {
        for (const path of ['/d/file', '/d/e/file'])
          if (follow(view, path).path !== undefined) seen.add(textOf(view, path));
        if (follow(view, '/d/link').path !== undefined) seen.add(view.readlink('/d/link'));
      } catch (error) {
        if (!(error instanceof FlixError) && !(error instanceof ReadFailure)) {
          const { code } = error as NodeJS.ErrnoException;
          expect(code).toMatch(/^(?:ENOENT|EINVAL)$/);
        }
      }
    }
    swapper.kill();
    await once(swapper, 'exit');
    expect(seen).not.toContain('secret');
  });
});

describe('a path that is not real, because it leads through a link', () => {
  it('names nothing', () => {
    const root = world();
    fs.symlinkSync(at('outside'), `${root}/out`);
    fs.symlinkSync('d', `${root}/in`);
    const view = directoryView(root);
    for (const link of ['/out', '/in', '/d/..', '/..']) {
      expect(view.list(link).size + view.list(`${link}/e`).size, link).toBe(0);
      expect(view.kind(`${link}/file`), link).toBeUndefined();
      expect(() => view.open(`${link}/file`), link).toThrow(ReadFailure);
      expect(() => view.open(`${link}/e/file`, 'file'), link).toThrow(ReadFailure);
      expect(() => sha256At(view, `${link}/file`), link).toThrow(ReadFailure);
      expect(() => view.readlink(`${link}/link`), link).toThrow(expect.objectContaining({ code: 'absent' }));
      expect(() => view.stat(`${link}/file`), link).toThrow(expect.objectContaining({ code: 'absent' }));
    }
    expect(() => view.stat('/d/..')).toThrow(expect.objectContaining({ code: 'absent' }));
  });
});

describe('watchDirectories', () => {
  it('accepts a root in which only contents change', () => {
    const check = watchDirectories(directoryView(world()));
    fs.writeFileSync(at('root/d/file'), 'other');
    expect(check).not.toThrow();
  });

  it.each<[string, () => void]>([
    ['a directory is replaced by a link', swap],
    ['a directory is replaced by a link and put back', () => [swap(), swapBack()]],
    [
      'a file is replaced',
      () => [fs.writeFileSync(at('n'), ''), fs.renameSync(at('n'), at('root/d/e/file'))],
    ],
    ['a file is removed', () => fs.rmSync(at('root/d/e/file'))],
  ])('notices that %s', async (_, change) => {
    const check = watchDirectories(directoryView(world()));
    // times advance with the kernel's clock tick
    await new Promise(resolve => setTimeout(resolve, 20));
    change();
    expect(check).toThrow(changed);
  });

  it('refuses a directory that was listed and is a link by now', () => {
    const view = directoryView(world());
    expect([...walk(view, '/')]).toHaveLength(5);
    swap();
    expect(() => watchDirectories(view)).toThrow(changed);
  });
});
