import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSums, withSum } from '../../src/pack/sha256sums.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

describe('withSum', () => {
  it('adds the first line', () => {
    expect(withSum('', 'x.raw', A)).toBe(`${A}  x.raw\n`);
  });

  it('replaces the line of the file, keeps the others, and sorts', () => {
    const before = `${A}  z.raw\n# by hand\n${A} *b b.raw\n${A}  x.raw\n`;
    expect(withSum(before, 'x.raw', B)).toBe(`# by hand\n${A} *b b.raw\n${B}  x.raw\n${A}  z.raw\n`);
  });

  it('does not depend on the order in which images are added', () => {
    const name = fc.stringMatching(/^[a-z0-9 .-]{1,8}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name), names => {
        const sums = (order: readonly string[]) => order.reduce((text, file) => withSum(text, file, A), '');
        expect(sums([...names].reverse())).toBe(sums(names));
      }),
    );
  });
});

describe('parseSums', () => {
  it('does not mistake x.raw for a part of another name', () => {
    expect(parseSums(`${A}  xx.raw\n`).has('x.raw')).toBe(false);
    expect(parseSums(`${A}  x.raw.gz\n`).has('x.raw')).toBe(false);
    expect(parseSums(`${A} *x.raw\n`).has('x.raw')).toBe(true);
  });
});
