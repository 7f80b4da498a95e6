import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { directoryView } from '../../src/view/directory.ts';
import { follow } from '../../src/view/follow.ts';
import { mountedView } from '../../src/view/mounted.ts';
import { readText } from '../../src/view/text.ts';
import { scratch } from '../io/scratch.ts';
import { buildFixture } from '../lab/fixture.ts';

const at = scratch();

function host(): ReturnType<typeof directoryView> {
  const files = {
    '/etc/hosts': { text: 'host' },
    '/usr/bin/tool': { text: 'host' },
    '/usr/local/bin/own': { text: 'local' },
    '/app/usr/bin/tool': { text: 'app' },
    '/app/usr/lib/lib': { link: '/usr/bin/tool' },
    '/app/usr/local/none': { text: 'app' },
  };
  fs.mkdirSync(at('root'));
  buildFixture(at('root'), { rule: '', source: '', files });
  return directoryView(at('root'));
}

describe('a mounted view', () => {
  it('shows a part at its place, and the later of two that cover each other', () => {
    const parts = [
      { at: '/', from: '/' },
      { at: '/usr', from: '/app/usr' },
      { at: '/usr/local', from: '/usr/local' },
    ];
    const view = mountedView(host(), parts, 'view');
    expect(readText(view, '/usr/bin/tool')).toBe('app');
    expect(readText(view, '/etc/hosts')).toBe('host');
    expect([...view.list('/usr').keys()]).toEqual(['bin', 'lib', 'local']);
    expect([...view.list('/usr/local').keys()]).toEqual(['bin']);
    expect(view.source('/usr/bin/tool')).toMatchObject({ path: '/app/usr/bin/tool' });
  });

  it('resolves links inside, and not where they lie', () => {
    const view = mountedView(host(), [{ at: '/usr', from: '/app/usr' }], 'view');
    expect(follow(view, '/usr/lib/lib').path).toBe('/usr/bin/tool');
    expect(readText(view, '/usr/lib/lib')).toBe('app');
  });

  it('shows nothing else, except directories on the way to a part', () => {
    const view = mountedView(host(), [{ at: '/a/b/hosts', from: '/etc/hosts' }], 'view');
    expect([...view.list('/')]).toEqual([['a', 'directory']]);
    expect([...view.list('/a/b')]).toEqual([['hosts', 'file']]);
    expect(view.stat('/a').kind).toBe('directory');
    expect(view.kind('/etc')).toBeUndefined();
    expect([...view.list('/etc')]).toEqual([]);
  });
});
