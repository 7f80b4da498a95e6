import fs from 'node:fs';
import { execaSync } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { directoryView, kindAt, realPlace } from '../../src/view/directory.ts';
import { follow } from '../../src/view/follow.ts';
import { objectAt } from '../../src/view/object.ts';
import { readText } from '../../src/view/text.ts';
import { ReadFailure } from '../../src/view/view.ts';
import { walk } from '../../src/view/walk.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

function world(): string {
  fs.mkdirSync(at('root/d/e'), { recursive: true });
  fs.writeFileSync(at('root/d/file'), 'content');
  fs.symlinkSync('file', at('root/d/link'));
  return at('root');
}

describe('a directory as a root', () => {
  it('shows names and kinds, and reads files', () => {
    const view = directoryView(world());
    expect([...view.list('/d')]).toEqual([
      ['e', 'directory'],
      ['file', 'file'],
      ['link', 'link'],
    ]);
    expect(view.list('/nowhere').size + view.list('/d/file').size).toBe(0);
    expect(['/', '/d', '/d/file', '/d/link', '/d/none', '/none/x'].map(path => view.kind(path))).toEqual([
      'directory',
      'directory',
      'file',
      'link',
      undefined,
      undefined,
    ]);
    expect(view.readlink('/d/link')).toBe('file');
    const file = view.open('/d/file');
    expect(Buffer.from(file.read(2, 4)).toString()).toBe('nten');
    expect(file.size).toBe(7);
    file.close();
    expect(() => view.stat('/none')).toThrow(expect.objectContaining({ code: 'absent' }));
    expect(view.source('/d').hostPath).toBe(at('root/d'));
    expect([...walk(view, '/')].map(({ path }) => path)).toEqual(['/d', '/d/e', '/d/file', '/d/link']);
    expect(
      [...walk(view, '/', path => path === '/d/e' || path === '/d/file')].map(({ path }) => path),
    ).toEqual(['/d', '/d/link']);
  });

  it('follows a link to the directory', () => {
    world();
    fs.symlinkSync('root', at('alias'));
    expect(directoryView(at('alias')).source('/').hostPath).toBe(at('root'));
  });

  it.each([
    ['', 'no-root'],
    ['/nowhere/at/all', 'no-root'],
    ['/proc/self/exe', 'not-a-directory'],
  ])('refuses %j', (directory, code) => {
    expect(() => directoryView(directory)).toThrow(expect.objectContaining({ code }));
  });

  it('never opens a link, a directory or a missing file', () => {
    const view = directoryView(world());
    for (const path of ['/d/link', '/d/e', '/none'])
      expect(() => {
        const file = view.open(path);
        return file.size + file.read(0, 1).length;
      }, path).toThrow(ReadFailure);
  });

  it.runIf(has('tool:mkfifo'))('never waits for a FIFO, a socket or a device', () => {
    const root = world();
    execaSync('mkfifo', [`${root}/d/fifo`]);
    const view = directoryView(root);
    expect(view.kind('/d/fifo')).toBe('other');
    expect(() => view.open('/d/fifo')).toThrow(expect.objectContaining({ code: 'special' }));
    expect(objectAt(view, '/d/fifo').facts).toBeUndefined();
    expect(readText(view, '/d/fifo')).toBeUndefined();
    const machine = directoryView('/');
    for (const device of ['/dev/zero', '/dev/null', '/dev/tty'])
      if (machine.kind(device) === 'other')
        expect(() => machine.open(device)).toThrow(expect.objectContaining({ code: 'special' }));
  });

  it('does not block on a file that became a FIFO after it was listed', () => {
    if (!has('tool:mkfifo')) return;
    const view = directoryView(world());
    expect(view.kind('/d/file')).toBe('file');
    fs.rmSync(at('root/d/file'));
    execaSync('mkfifo', [at('root/d/file')]);
    expect(() => view.open('/d/file').size).toThrow(ReadFailure);
  });

  it('does not read a huge sparse file as a whole', () => {
    fs.mkdirSync(at('root'));
    fs.writeFileSync(at('root/conf'), 'x');
    fs.truncateSync(at('root/conf'), 9 * 1024 ** 3);
    expect(readText(directoryView(at('root')), '/conf')).toBeUndefined();
  });
});

describe.runIf(has('root'))('a directory that a user may not read', () => {
  afterEach(() => process.seteuid?.(0));

  it('is skipped, as by the loader', () => {
    const root = world();
    fs.mkdirSync(at('root/closed'), { mode: 0o700 });
    fs.writeFileSync(at('root/closed/file'), '');
    fs.mkdirSync(at('root/searchable'), { mode: 0o711 });
    fs.writeFileSync(at('root/searchable/file'), 'x');
    fs.chmodSync(at('root/d/file'), 0o600);
    fs.chmodSync(at(), 0o755);
    process.seteuid!(65534);
    const view = directoryView(root);
    expect(view.list('/closed').size).toBe(0);
    expect(view.kind('/closed/file')).toBeUndefined();
    expect(follow(view, '/closed/file')).toMatchObject({ path: undefined, reason: 'absent' });
    expect(follow(view, '/searchable/file')).toMatchObject({ path: '/searchable/file', kind: 'file' });
    expect(() => view.open('/d/file')).toThrow(expect.objectContaining({ code: 'EACCES' }));
    expect(readText(view, '/d/file')).toBeUndefined();
    expect([...walk(view, '/')].map(({ path }) => path)).toContain('/closed');
  });
});

describe('paths of this machine', () => {
  it('have a kind, without following links', () => {
    world();
    expect(
      ['root', 'root/d/file', 'root/d/link', 'none', 'root/d/file/x', 'x'.repeat(300)].map(name =>
        kindAt(at(name)),
      ),
    ).toEqual(['directory', 'file', 'link', undefined, undefined, undefined]);
  });

  it('have a real path even if they do not exist', () => {
    world();
    fs.symlinkSync('root/d', at('alias'));
    expect(realPlace(at('alias/new/er'))).toBe(at('root/d/new/er'));
    expect(realPlace('/nowhere/at/all')).toBe('/nowhere/at/all');
  });
});
