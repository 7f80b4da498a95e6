import fs from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { directoryView } from '../../src/view/directory.ts';
import { follow } from '../../src/view/follow.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

beforeEach(() => {
  fs.mkdirSync(at('root/usr/lib/a'), { recursive: true });
  fs.writeFileSync(at('root/usr/lib/a/file'), '');
  fs.writeFileSync(at('secret'), '');
  const links = {
    lib: 'usr/lib',
    absolute: '/usr/lib/a/file',
    climb: '../../../../../../usr/lib/a/file',
    secret: '../secret',
    absoluteSecret: at('secret'),
    self: 'self',
    ping: 'pong',
    pong: './ping',
    dangling: '/nowhere/x',
    through: 'absolute/x',
    'usr/lib/a/up': '../../../lib/a/../a/file',
    'usr/lib/dot': '.',
    empty: 'usr//lib/./a/',
  };
  for (const [name, target] of Object.entries(links)) fs.symlinkSync(target, at('root', name));
});

const go = (path: string) => {
  const { path: real, links, ...rest } = follow(directoryView(at('root')), path);
  return real ?? ('reason' in rest ? rest.reason : links);
};

describe('a path', () => {
  it.each([
    ['/', '/'],
    ['', '/'],
    ['/usr/lib/a/file', '/usr/lib/a/file'],
    ['usr//lib/./a/file', '/usr/lib/a/file'],
    ['/lib/a/file', '/usr/lib/a/file'],
    ['/absolute', '/usr/lib/a/file'],
    ['/lib/a/up', '/usr/lib/a/file'],
    ['/lib/dot/dot/dot/a/file', '/usr/lib/a/file'],
    ['/empty/file', '/usr/lib/a/file'],
    ['/lib/../lib', '/usr/lib'], // `..` of a link is that of its target
    ['/lib/../bin', 'absent'],
    ['/../../../usr', '/usr'],
    ['/climb', '/usr/lib/a/file'],
    ['/secret', 'loop'],
    ['/absoluteSecret', 'absent'],
    ['/self', 'loop'],
    ['/ping/x', 'loop'],
    ['/dangling', 'absent'],
    ['/through', 'not-a-directory'],
    ['/usr/lib/a/file/x', 'not-a-directory'],
    ['/usr/lib/a/file/..', 'not-a-directory'],
    ['/nowhere/../usr', 'absent'],
  ])('%j leads to %s', (path, expected) => {
    expect(go(path)).toBe(expected);
  });

  it('may contain 40 links but not 41, as for the kernel', () => {
    fs.symlinkSync('/usr/lib/a/file', at('root/1'));
    for (let n = 2; n <= 41; n++) fs.symlinkSync(`${n - 1}`, at(`root/${n}`));
    expect(go('/40')).toBe('/usr/lib/a/file');
    expect(go('/41')).toBe('loop');
    fs.symlinkSync(at('root/usr'), at('host1'));
    for (let n = 2; n <= 41; n++) fs.symlinkSync(at(`host${n - 1}`), at(`host${n}`));
    expect(fs.existsSync(at('host40'))).toBe(true);
    expect(fs.existsSync(at('host41'))).toBe(false);
  });

  it('may have a hundred thousand components', () => {
    expect(go(`/usr/${'lib/../'.repeat(50_000)}lib`)).toBe('/usr/lib');
  });

  it('reports the real paths of the links that were followed', () => {
    expect(follow(directoryView(at('root')), '/lib/a/up').links).toEqual(['/lib', '/usr/lib/a/up', '/lib']);
  });
});
