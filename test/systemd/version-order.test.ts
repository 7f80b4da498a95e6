import { describe, expect, it } from 'vitest';
import { compareAsSystemd } from '../../src/systemd/version-order.ts';

/** The example in systemd's own comment, and typical names of extensions; the older first. */
const orders = [
  [
    '122.1',
    '123~rc1-1',
    '123',
    '123-a',
    '123-a.1',
    '123-1',
    '123-1.1',
    '123^post1',
    '123.a-1',
    '123.1-1',
    '123a-1',
    '124-1',
  ],
  ['app', 'app-2', 'app-10', 'app2', 'btop'],
  ['a', 'aa', 'b'],
  ['x9', 'x10'],
];

describe('compareAsSystemd', () => {
  it.each(orders.map(order => [order] as const))('orders %j', order => {
    for (const [index, older] of order.entries())
      for (const newer of order.slice(index + 1)) {
        expect(compareAsSystemd(older, newer), `${older} < ${newer}`).toBeLessThan(0);
        expect(compareAsSystemd(newer, older), `${newer} > ${older}`).toBeGreaterThan(0);
      }
  });

  it('ignores leading zeros and other characters', () => {
    expect(compareAsSystemd('a007', 'a7')).toBe(0);
    expect(compareAsSystemd('123_a', '123a')).toBe(0);
    expect(compareAsSystemd('', '')).toBe(0);
    expect(compareAsSystemd('', 'a')).toBeLessThan(0);
  });
});
