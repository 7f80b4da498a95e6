import { describe, expect, it } from 'vitest';
import { derive, formatUuid, parseSeed, partitionUuid } from '../../src/pack/seed.ts';

describe('derive', () => {
  it('derives what systemd-repart 257 derives from the seed', () => {
    const seed = '22222222-2222-8222-8222-222222222222';
    expect(derive(seed)).toEqual({
      diskUuid: '681ad713-d7f5-4b1b-8e47-2a1341529ab2',
      verityUuid: '400f7232-744b-4df0-a6f0-38cee4d771f5',
      veritySalt: '5a1cb2d9d9e41b452b0e580e5b699698c112cb1e599ae3c229fdc42da0ed871b',
    });
    const signature = '41092b05-9fc8-4523-994f-2def0408b176';
    expect(partitionUuid(seed, signature)).toBe('7ade00cf-961c-4ddf-a482-2fe2103768e3');
  });
});

describe('parseSeed', () => {
  it('accepts the usual spellings of a UUID', () => {
    const uuid = formatUuid('0123456789abcdef0123456789abcdef');
    expect(uuid).toBe('01234567-89ab-cdef-0123-456789abcdef');
    for (const text of [uuid, uuid.toUpperCase(), uuid.replaceAll('-', '')])
      expect(parseSeed(text)).toBe(uuid);
  });

  it.each(['', '1', 'g'.repeat(32), `${'0'.repeat(32)}0`])('refuses %j', text => {
    expect(() => parseSeed(text)).toThrow(expect.objectContaining({ code: 'bad-seed' }));
  });
});
