import { describe, expect, it } from 'vitest';
import { readFileContexts, writeFileContexts } from '../../src/systemd/file-contexts.ts';

describe('readFileContexts', () => {
  const labels = readFileContexts(
    [
      '# a policy\n/.*\tdefault\n/usr/bin/.*\t--\tbin\n/usr/bin/mount --  mount\n/usr/(s)?bin/m.* late\n',
      '/usr/lib/x\\.y  -l link\n/run/.* <<none>>\n',
    ],
    ['/alias /lib\n', '/lib /usr/lib\n/lib64 /usr/lib\n'],
  );

  it('uses the last match, and prefers specifications without wildcards', () => {
    expect(labels('/usr/bin/mount', 'file')).toBe('mount');
    expect(labels('/usr/bin/mouse', 'file')).toBe('late');
    expect(labels('/usr/bin/ls', 'file')).toBe('bin');
  });

  it.each(['/(a|a)*b', '/(a*)*b', '/.*.*.*.*.*.*.*.*b', '/(.+)+b'])(
    'needs no exponential time for a pattern that others match by backtracking: %s',
    pattern => {
      const started = performance.now();
      expect(readFileContexts([`${pattern} label`])(`/${'a'.repeat(3000)}`, 'file')).toBeUndefined();
      expect(performance.now() - started).toBeLessThan(5000);
    },
  );

  it('compares no more of a path than the beginning of a pattern that is optional', () => {
    const labelled = readFileContexts(['/ab? short', '/x|/yz either', '/c\\.d dotted', '/e{0}f none']);
    expect(['/a', '/ab', '/x', '/yz', '/c.d', '/f'].map(path => labelled(path, 'file'))).toEqual([
      'short',
      'short',
      'either',
      'either',
      'dotted',
      'none',
    ]);
  });

  it('distinguishes kinds of files, and understands <<none>>', () => {
    expect(labels('/usr/bin/ls', 'directory')).toBe('default');
    expect(labels('/usr/lib/x.y', 'link')).toBe('link');
    expect(labels('/usr/lib/xzy', 'link')).toBe('default');
    expect(labels('/run/x', 'file')).toBeUndefined();
  });

  it('applies the substitutions one after the other', () => {
    for (const path of ['/lib/x.y', '/lib64/x.y', '/alias/x.y'])
      expect(labels(path, 'link'), path).toBe('link');
    expect(labels('/library/x.y', 'link')).toBe('default');
  });

  it.each(['/usr/(bin label', '/a -x label', '/a -- label more'])('refuses %j', line => {
    expect(() => readFileContexts([line])).toThrow(expect.objectContaining({ code: 'bad-file-contexts' }));
  });
});

it('writes labels that it reads back, for unusual names too', () => {
  const paths = [
    '/usr/bin/a b',
    '/usr/bin/c.d',
    '/usr/bin/[x]$(y)*',
    '/usr/bin/tab\tname',
    '/usr/back\\slash',
  ];
  const text = writeFileContexts(paths.map((path, i) => ({ path, kind: 'file', label: `l${i}` })));
  const labels = readFileContexts([text]);
  expect(paths.map(path => labels(path, 'file'))).toEqual(paths.map((_, i) => `l${i}`));
  expect(labels('/usr/bin/cxd', 'file')).toBeUndefined();
});
