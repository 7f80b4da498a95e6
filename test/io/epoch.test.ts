import { describe, expect, it } from 'vitest';
import { sourceDateEpoch } from '../../src/io/epoch.ts';

describe('sourceDateEpoch', () => {
  it.each([
    [undefined, 0],
    ['', 0],
    ['1700000000', 1_700_000_000],
  ])('%s is %d', (value, epoch) => {
    expect(sourceDateEpoch(value === undefined ? {} : { SOURCE_DATE_EPOCH: value })).toBe(epoch);
  });

  it.each(['-1', '1.5', 'now', '4294967296', ' 1'])('refuses %s', value => {
    expect(() => sourceDateEpoch({ SOURCE_DATE_EPOCH: value })).toThrow('SOURCE_DATE_EPOCH=');
  });
});
