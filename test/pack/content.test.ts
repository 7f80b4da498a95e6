import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contentDigest, uuidOf } from '../../src/pack/content.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';

const at = scratch();

function tree(change: (root: string) => void = () => {}): string {
  const root = fs.mkdtempSync(at('tree-'));
  fs.mkdirSync(`${root}/usr/bin`, { recursive: true });
  fs.writeFileSync(`${root}/usr/bin/a`, 'a', { mode: 0o755 });
  fs.writeFileSync(`${root}/usr/bin/ab`, '');
  fs.symlinkSync('a', `${root}/usr/bin/link`);
  change(root);
  return contentDigest(directoryView(root));
}

describe('contentDigest', () => {
  it('changes with everything that changes the image', () => {
    const changes: ((root: string) => void)[] = [
      () => {},
      root => fs.writeFileSync(`${root}/usr/bin/a`, 'b'),
      root => fs.chmodSync(`${root}/usr/bin/a`, 0o4755),
      root => fs.chmodSync(`${root}/usr/bin`, 0o700),
      root => fs.renameSync(`${root}/usr/bin/a`, `${root}/usr/bin/c`),
      root => fs.mkdirSync(`${root}/usr/empty`),
      root => fs.mkdirSync(`${root}/opt`),
      root => (fs.rmSync(`${root}/usr/bin/link`), fs.symlinkSync('ab', `${root}/usr/bin/link`)),
      root => (fs.rmSync(`${root}/usr/bin/link`), fs.writeFileSync(`${root}/usr/bin/link`, 'a')),
    ];
    expect(new Set(changes.map(tree)).size).toBe(changes.length);
  });

  it('reads only the size and the ends of a large file when sampling', () => {
    const large = (byte: number, offset: number, size = 1_000_000) => {
      const root = fs.mkdtempSync(at('large-'));
      fs.mkdirSync(`${root}/usr`);
      fs.writeFileSync(`${root}/usr/x`, Buffer.alloc(size).fill(byte, offset, offset + 1));
      const view = directoryView(root);
      return [contentDigest(view), contentDigest(view, 'sample')] as const;
    };
    const digests = [large(0, 0), large(1, 0), large(1, 999_999), large(0, 0, 1_000_001), large(1, 500_000)];
    expect(new Set(digests.map(([all]) => all)).size).toBe(5);
    expect(new Set(digests.map(([, sample]) => sample)).size).toBe(4);
  });

  it('does not depend on times, location or the order of directories', () => {
    const later = (root: string) => {
      fs.rmSync(`${root}/usr/bin/a`);
      fs.writeFileSync(`${root}/usr/bin/a`, 'a', { mode: 0o755 });
      fs.utimesSync(`${root}/usr/bin`, 1, 1);
    };
    expect(tree(later)).toBe(tree());
  });
});

describe('uuidOf', () => {
  it('makes a UUID of version 8 and variant 10', () => {
    expect(uuidOf('0123456789abcdef'.repeat(4))).toBe('01234567-89ab-8def-8123-456789abcdef');
    expect(uuidOf('f'.repeat(64))).toBe('ffffffff-ffff-8fff-bfff-ffffffffffff');
  });
});
