import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { bytesReader } from '../../../src/elf/reader.ts';
import { erofsContents } from '../../../src/image/erofs/contents.ts';
import { readInode, readSuperblock } from '../../../src/image/erofs/inodes.ts';
import { listErofs } from '../../../src/image/erofs/list.ts';
import { scratch } from '../../io/scratch.ts';
import { has } from '../../lab/requires.ts';
import { randoms } from '../../verify/tree.ts';

const at = scratch();

const SIZE = 8192;

/** Makes an erofs of two compressed files of 8192 bytes, `/a` and `/b`, with zeros behind it. */
function twoFiles(...options: readonly string[]): Buffer {
  const next = randoms(11);
  fs.mkdirSync(at('tree'));
  for (const name of ['a', 'b'])
    fs.writeFileSync(
      at('tree', name),
      Buffer.from(Array.from({ length: SIZE }, () => (next(9) > 0 ? 97 : 97 + next(26)))),
    );
  execaSync('mkfs.erofs', ['--quiet', ...options, at('image.raw'), at('tree')]);
  return Buffer.concat([fs.readFileSync(at('image.raw')), Buffer.alloc(SIZE)]);
}

/** Returns where the header of a file's index of clusters (`z_erofs_map_header`) begins in an image. */
function mapOf(image: Buffer, path: string): number {
  const reader = bytesReader(image);
  const entries = listErofs(reader);
  const { tail } = readInode(reader, readSuperblock(reader), entries.place(entries.find(path)!));
  return Math.ceil(tail / 8) * 8;
}

function opener(image: Buffer) {
  const reader = bytesReader(image);
  const entries = listErofs(reader);
  const contents = erofsContents(reader, entries)!;
  return (path: string) => Buffer.from(contents(entries.find(path)!).read(0, SIZE));
}

describe.runIf(has('tool:mkfs.erofs'))('the contents of the files of an erofs', () => {
  it('are those of each file if two decode the same data in different ways', () => {
    const image = twoFiles('-zlz4', '-Elegacy-compress');
    const text = fs.readFileSync(at('tree/b'));
    const [a, b] = [mapOf(image, '/a'), mapOf(image, '/b')];
    const block = image.readUInt32LE(b + 16 + 4);
    for (const [map, type] of [
      [a, 0],
      [b, 1],
    ] as const) {
      image[map + 7] = 1; // logical clusters of 8192 bytes
      image.writeUInt16LE(type, map + 16); // plain or compressed
      image.writeUInt16LE(0, map + 16 + 2);
      image.writeUInt32LE(block, map + 16 + 4);
    }
    const open = opener(image);
    expect(open('/a').equals(image.subarray(block * 4096, block * 4096 + SIZE))).toBe(true);
    expect(open('/b').equals(text)).toBe(true);
  });

  it('are refused if an offset in a logical cluster has more bits than the compact index has for it', () => {
    const image = twoFiles('-zlz4');
    expect(opener(image)('/a').equals(fs.readFileSync(at('tree/a')))).toBe(true);
    image[mapOf(image, '/a') + 7] = 3;
    expect(() => opener(image)('/a')).toThrow('stored in a way that flix does not know');
  });
});
