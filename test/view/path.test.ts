import nodePath from 'node:path';
import { array, assert as holds, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basename, join, normalise, parent, relative, within } from '../../src/view/path.ts';

const name = constantFrom('a', 'b', 'c', 'a b', '$x', '-', '...', 'ü\n');
const path = array(name, { minLength: 1, maxLength: 6 }).map(parts => `/${parts.join('/')}`);
const messy = array(constantFrom('a', 'b', '.', '..', ''), { maxLength: 8 }).map(
  parts => `/${parts.join('/')}`,
);

describe('paths', () => {
  it('have the shortest relative link between them, never through the root', () => {
    holds(
      property(path, path, (from, to) => {
        const text = relative(from, to);
        expect(nodePath.posix.resolve(parent(from), text)).toBe(to);
        expect(text).not.toMatch(/^\/|\/$|^$/);
        expect(text.split('/').length).toBeLessThanOrEqual(from.split('/').length + to.split('/').length);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it.each([
    ['/usr/bin/x', '/usr/bin/y', 'y'],
    ['/usr/bin/x', '/usr/lib/y', '../lib/y'],
    ['/x', '/y', 'y'],
    ['/usr/local/t/lib/x', '/usr/local', '../../../local'],
    ['/a/b/c', '/a/b', '../b'], // not `.`, which would be the directory by another name
  ])('from %s to %s is %s', (from, to, text) => {
    expect(relative(from, to)).toBe(text);
  });

  it('are normalised as by POSIX path functions', () => {
    expect(normalise('//a/./../../b/')).toBe('/b');
    holds(
      property(messy, given => normalise(given) === nodePath.posix.resolve('/', given)),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('consist of parent and name', () => {
    holds(
      property(path, given => join(parent(given), basename(given)) === given),
      { seed: 1 },
    );
    expect(parent('/')).toBe('/');
  });

  it('are within a directory only by whole components', () => {
    expect(['/usr', '/usr/x', '/usrx', '/'].map(given => within('/usr', given))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(within('/', '/anything')).toBe(true);
  });
});
