import fs from 'node:fs';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { bytesReader } from '../../../src/elf/reader.ts';
import { withImage } from '../../../src/image/image.ts';
import { squashfsAttributes } from '../../../src/image/squashfs/attributes.ts';
import { listImage } from '../../../src/image/unpack.ts';
import { RELEASE_STRICT } from '../../../src/view/attributes.ts';
import { scratch } from '../../io/scratch.ts';
import { has } from '../../lab/requires.ts';
import { demoTree, randoms } from '../../verify/tree.ts';

const at = scratch();
const STORED = ['-noI', '-noId', '-noX'];
/** What is in the image that was made last. */
let listed: readonly string[];

function made(attributes: Readonly<Record<string, string>>, ...options: readonly string[]): Buffer {
  const tree = demoTree(at('tree'));
  for (const [name, value] of Object.entries(attributes))
    execaSync('setfattr', ['-n', name, '-v', value, `${tree}/usr/share/demo/text`]);
  const quiet = ['-noappend', '-no-progress', '-quiet'];
  execaSync('mksquashfs', [tree, at('image.raw'), ...quiet, ...options]);
  listed = ['/', ...fs.readdirSync(tree, { recursive: true, encoding: 'utf8' }).map(name => `/${name}`)];
  fs.rmSync(tree, { recursive: true });
  return fs.readFileSync(at('image.raw'));
}

const read = (image: Buffer, paths = listed) => squashfsAttributes(bytesReader(image), new Set(paths));
const u64 = (image: Buffer, offset: number) => Number(image.readBigUInt64LE(offset));

describe.runIf(has('tool:mksquashfs', 'tool:unsquashfs', 'tool:setfattr'))('squashfsAttributes', () => {
  it('ignores other attributes, and finds none in an image without any', async () => {
    expect(await read(made({}))).toEqual(new Map());
    expect(await read(made({ 'user.other': 'x' }))).toEqual(new Map());
    expect(await read(made({ [RELEASE_STRICT]: '0' }, '-no-xattrs'))).toEqual(new Map());
  });

  // squashfs_xattr_id_table, and in its first block squashfs_xattr_id, behind the length of the block
  it.each<[what: string, damage: (image: Buffer, table: number, list: number) => void]>([
    ['lists with more than is there', (image, _, list) => image.writeUInt32LE(0x7fffffff, list + 8)],
    ['a list that begins nowhere', (image, _, list) => image.writeUInt32LE(0x7fff0000, list)],
    ['a list behind the end of its block', (image, _, list) => image.writeUInt16LE(0xffff, list)],
    ['four billion lists', (image, table) => image.writeUInt32LE(0xffffffff, table + 8)],
    ['lists behind the end', (image, table) => image.writeUInt32LE(0x7fffffff, table + 16)],
    ['values behind the end', (image, table) => image.fill(0x7f, table, table + 8)],
    ['its table behind the end', image => image.writeUInt32LE(0x7fffffff, 56)],
    ['inodes behind the end', image => image.writeUInt32LE(0x7fffffff, 64)],
    ['its root nowhere', image => image.writeUInt32LE(0x7fff0000, 32)],
  ])('refuses %s', async (_, damage) => {
    const image = made({ [RELEASE_STRICT]: '0' }, ...STORED);
    expect([...(await read(image)).keys()]).toEqual(['/usr/share/demo/text']);
    const table = u64(image, 56);
    damage(image, table, u64(image, table + 16) + 2);
    await expect(read(image)).rejects.toMatchObject({ code: 'bad-file-system' });
  });

  it('refuses an image that unsquashfs lists differently', async () => {
    const image = made({ [RELEASE_STRICT]: '0' });
    for (const paths of [listed.slice(1), [...listed, '/other']])
      await expect(read(image, paths)).rejects.toMatchObject({ code: 'bad-file-system' });
  });

  it('returns attributes or refuses, whatever the damage', async () => {
    const whole = made({ [RELEASE_STRICT]: '0', 'user.other': 'x' }, ...STORED);
    const random = randoms(11);
    for (let round = 0; round < 40; round++) {
      const image = Buffer.from(whole);
      for (let i = 0; i < 3; i++) image[u64(whole, 40) - 1 - random(1200)] = random(256);
      fs.writeFileSync(at('image.raw'), image);
      await withImage(at('image.raw'), opened => listImage(opened)).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'FlixError' });
      });
    }
  });
});
