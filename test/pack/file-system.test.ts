import { describe, expect, it } from 'vitest';
import type { Compression } from '../../src/pack/format.ts';
import { erofs } from '../../src/pack/file-system/erofs.ts';
import { squashfs } from '../../src/pack/file-system/squashfs.ts';
import { parseKernel } from '../../src/pack/kernel.ts';

const request = { tree: '/t', output: '/o', epoch: 0, uuid: 'u' };

describe('the compression of erofs', () => {
  it.each<[Compression, string, string, string]>([
    ['none', '5.15', '1.5', ''],
    ['fast', '5.15', '1.5', '-zlz4 -C65536'],
    ['fast', '5.4', '1.5', '-zlz4'],
    ['small', '5.4', '1.8.6', '-zlz4hc,9'],
    ['small', '5.15', '1.8.6', '-zlz4hc,9 -C1048576'],
    ['small', '5.17', '1.5', '-zlz4hc,9 -C1048576 -Eztailpacking'],
    ['small', '6.1', '1.5', '-zlz4hc,9 -C1048576 -Eztailpacking'],
    ['small', '6.1', '1.8.6', '-zlz4hc,9 -C1048576 -Eztailpacking,fragments,dedupe'],
    ['small', '6.10', '1.8.6', '-zzstd,12 -C131072 -Eztailpacking,fragments,dedupe'],
    ['small', '6.12', '1.5', '-zlz4hc,9 -C1048576 -Eztailpacking'],
    ['small', '6.12', '1.8.6', '-zlzma,9 -C1048576 -Eztailpacking,fragments'],
  ])('for %s, Linux %s and mkfs.erofs %s is %s', (compress, kernel, version, expected) => {
    const args = erofs.arguments({ ...request, compress, kernel, version });
    expect(args.filter(arg => /^-[zCE]/.test(arg)).join(' ')).toBe(expected);
  });
});

describe('the compression of squashfs', () => {
  it.each<[Compression, string, string]>([
    ['small', '5.15', 'xz -b 1M'],
    ['fast', '4.14', 'zstd -Xcompression-level 3'],
    ['small', '4.9', 'xz -b 1M'],
    ['fast', '4.9', 'gzip -Xcompression-level 1'],
    ['none', '5.15', 'zstd -noI -noId -noD -noF -noX'],
  ])('for %s and Linux %s is %s', (compress, kernel, expected) => {
    const args = squashfs.arguments({ ...request, compress, kernel, version: '4.5.1' });
    expect(args.slice(args.indexOf('-comp') + 1).join(' ')).toBe(expected);
  });
});

describe('parseKernel', () => {
  it('accepts what uname prints', () => {
    expect(['6.1', '6.1.0-18-amd64', '5.14.0-427.el9.x86_64', '6.12-rc1'].map(parseKernel)).toEqual([
      '6.1',
      '6.1',
      '5.14',
      '6.12',
    ]);
    for (const text of ['', '6', 'six', '6.', 'v6.1'])
      expect(() => parseKernel(text), text).toThrow(expect.objectContaining({ code: 'bad-kernel' }));
  });
});
