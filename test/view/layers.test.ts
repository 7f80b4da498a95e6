import fs from 'node:fs';
import { execaSync } from 'execa';
import { array, assert as holds, constantFrom, property, record, type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { directoryView } from '../../src/view/directory.ts';
import { layeredView } from '../../src/view/layers.ts';
import type { View } from '../../src/view/view.ts';
import { walk } from '../../src/view/walk.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
}

/** What does not fit (a file below a file) is left out. */
function write(directory: string, entries: readonly Entry[]): void {
  fs.mkdirSync(directory, { recursive: true });
  for (const { path, kind } of entries) {
    const place = directory + path;
    try {
      fs.mkdirSync(place.slice(0, place.lastIndexOf('/')), { recursive: true });
      if (kind === 'directory') fs.mkdirSync(place, { recursive: true });
      else if (kind === 'link') fs.symlinkSync('a', place);
      else fs.writeFileSync(place, directory, { flag: 'wx' });
    } catch (error) {
      if (
        !['EEXIST', 'ENOTDIR', 'ELOOP', 'ENOENT', 'EISDIR'].includes(
          (error as NodeJS.ErrnoException).code ?? '',
        )
      )
        throw error;
    }
  }
}

const view = (...directories: string[]) =>
  layeredView(
    directories.map(directory => directoryView(directory, { label: directory })),
    'all',
  );

/** `path kind content`, as `find` says it of a mounted overlay. */
function shown(of: View): string[] {
  return [...walk(of, '/')]
    .map(({ path, kind }) => {
      if (kind === 'link') return `${path} l ${of.readlink(path)}`;
      if (kind !== 'file') return `${path} d`;
      const file = of.open(path);
      const content = Buffer.from(file.read(0, file.size)).toString();
      file.close();
      return `${path} f ${content}`;
    })
    .sort();
}

const MOUNT = `
mount -t overlay overlay -o "lowerdir=$1" "$2" && cd "$2"
find . -mindepth 1 | while IFS= read -r path; do
  if [ -L "$path" ]; then echo "\${path#.} l $(readlink "$path")"
  elif [ -d "$path" ]; then echo "\${path#.} d"
  else echo "\${path#.} f $(cat "$path")"; fi
done`;

function overlay(...directories: string[]): string[] {
  fs.mkdirSync(at('mounted'), { recursive: true });
  const { stdout } = execaSync('unshare', [
    '--mount',
    'sh',
    '-c',
    MOUNT,
    'sh',
    directories.join(':'),
    at('mounted'),
  ]);
  return stdout.split('\n').filter(Boolean).sort();
}

const canMount = has('root', 'mountNamespace');

describe('layers', () => {
  it('merge directories; anything else shadows what is below', () => {
    write(at('top'), [
      { path: '/d/own', kind: 'file' },
      { path: '/d/both', kind: 'file' },
      { path: '/file', kind: 'file' },
      { path: '/link', kind: 'link' },
      { path: '/open', kind: 'directory' },
    ]);
    write(at('below'), [
      { path: '/d/both', kind: 'file' },
      { path: '/d/low', kind: 'file' },
      { path: '/file/hidden', kind: 'file' },
      { path: '/link/hidden', kind: 'file' },
      { path: '/open', kind: 'file' },
    ]);
    const all = view(at('top'), at('below'));
    expect(shown(all)).toEqual([
      '/d d',
      `/d/both f ${at('top')}`,
      `/d/low f ${at('below')}`,
      `/d/own f ${at('top')}`,
      `/file f ${at('top')}`,
      '/link l a',
      '/open d',
    ]);
    expect(all.kind('/file/hidden')).toBeUndefined();
    expect(all.source('/d/low')).toMatchObject({ path: '/d/low', hostPath: at('below/d/low') });
    expect(() => all.stat('/link/hidden')).toThrow(expect.objectContaining({ code: 'absent' }));
  });

  it('do not merge directories below a file', () => {
    write(at('1'), [{ path: '/d/one', kind: 'file' }]);
    write(at('2'), [{ path: '/d', kind: 'file' }]);
    write(at('3'), [{ path: '/d/three', kind: 'file' }]);
    expect(shown(view(at('1'), at('2'), at('3')))).toEqual(['/d d', `/d/one f ${at('1')}`]);
  });

  it.runIf(canMount && has('tool:mknod'))('hide what is below a whiteout, and the whiteout itself', () => {
    write(at('top'), [{ path: '/d/x', kind: 'file' }]);
    for (const name of ['gone', 'd/gone', 'alone']) execaSync('mknod', [at('top', name), 'c', '0', '0']);
    write(at('below'), [
      { path: '/gone/file', kind: 'file' },
      { path: '/d/gone', kind: 'file' },
    ]);
    const all = view(at('top'), at('below'));
    expect(shown(all)).toEqual(overlay(at('top'), at('below')));
    expect(shown(all)).toEqual(['/d d', `/d/x f ${at('top')}`]);
    expect(all.kind('/d/gone')).toBeUndefined();
    expect(directoryView(at('top')).kind('/gone')).toBe('other');
  });

  it.runIf(canMount && has('tool:setfattr'))('do not merge an opaque directory with those below it', () => {
    write(at('top'), [{ path: '/d/top', kind: 'file' }]);
    write(at('opaque'), [
      { path: '/d/own', kind: 'file' },
      { path: '/d/sub/own', kind: 'file' },
      { path: '/user/own', kind: 'file' },
    ]);
    write(at('below'), [
      { path: '/d/low', kind: 'file' },
      { path: '/d/sub/low', kind: 'file' },
      { path: '/user/low', kind: 'file' },
    ]);
    execaSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', at('opaque/d')]);
    execaSync('setfattr', ['-n', 'user.overlay.opaque', '-v', 'y', at('opaque/user')]);
    const layers = ['top', 'opaque', 'below'].map(name => directoryView(at(name), { label: name }));
    const all = layeredView(layers, 'all', (layer, directory) => layer === layers[1] && directory === '/d');
    expect(shown(all)).toEqual(overlay(at('top'), at('opaque'), at('below')));
    expect(all.kind('/d/low')).toBeUndefined();
    expect(all.kind('/user/low')).toBe('file');
  });

  it.runIf(canMount)('look the same as through overlayfs', () => {
    const entry: Arbitrary<Entry> = record({
      path: array(constantFrom('a', 'b'), { minLength: 1, maxLength: 3 }).map(parts => `/${parts.join('/')}`),
      kind: constantFrom('file', 'file', 'directory', 'link'),
    });
    let different = 0;
    holds(
      property(array(array(entry, { maxLength: 6 }), { minLength: 2, maxLength: 4 }), layers => {
        fs.rmSync(at(), { recursive: true, force: true });
        const directories = layers.map((entries, n) => {
          write(at(`layer${n}`), entries);
          return at(`layer${n}`);
        });
        const mine = shown(view(...directories));
        if (mine.length > shown(directoryView(directories[0]!)).length) different++;
        expect(mine).toEqual(overlay(...directories));
      }),
      { seed: 3, numRuns: 40 },
    );
    expect(different).toBeGreaterThan(10);
  });
});
