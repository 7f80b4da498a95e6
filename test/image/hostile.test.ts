import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { auditCommand } from '../../src/cli/audit.ts';
import { listCommand } from '../../src/cli/list.ts';
import { run } from '../cli/run.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { demoTree, randoms } from '../verify/tree.ts';
import { makeDdi, makeFileSystem } from './ddi.ts';
import { type InodeRecipe, writeErofs } from './erofs-writer.ts';
import { type Ends, everyCommand } from './every-command.ts';

const at = scratch();

/** Where an image would write if it could. */
const victim = () => at('victim');

async function ends(bytes: Uint8Array): Promise<Ends> {
  fs.mkdirSync(victim(), { recursive: true });
  fs.writeFileSync(at('victim/file'), 'mine');
  fs.writeFileSync(at('image.raw'), bytes);
  return everyCommand(at('image.raw'), at());
}

const file: InodeRecipe = { file: { size: 0 } };
const REFUSED: Ends = { list: 2, extract: 2, verify: 1, audit: 2 };
/** A list says what an image claims to hold, whatever that is. */
const LISTED: Ends = { ...REFUSED, list: 0 };
/** Nothing is wrong with it but that it is no extension. */
const HARMLESS: Ends = { list: 0, extract: 0, verify: 1, audit: 1 };

describe.runIf(has('tool:fsck.erofs'))('a hostile erofs', () => {
  it.each<[what: string, name: string]>([
    ['climbs', '../victim/new'],
    ['climbs far', `${'../'.repeat(30)}tmp/flix-was-here`],
    ['is absolute', '/etc/flix-was-here'],
    ['goes deeper', 'usr/x'],
  ])('whose name %s', async (_, name) => {
    expect(await ends(writeErofs([{ directory: [[name, 1]] }, file]))).toEqual(REFUSED);
  });

  it('with a link and a directory of the same name to write through it', async () => {
    const through = () => [
      { directory: [['a', 1], ['a', 2]] } as const, // prettier-ignore
      { link: victim() },
      { directory: [['new', 3]] } as const,
      file,
    ];
    expect(await ends(writeErofs(through()))).toEqual(LISTED);
  });

  it.each<[what: string, directory: readonly (readonly [string, number])[]]>([
    ['itself', [['a', 0]]],
    ['one twice', [['a', 1], ['b', 1]]], // prettier-ignore
    ['one below itself', [['a', 2]]],
  ])('whose directory contains %s', async (_, directory) => {
    const image = writeErofs([{ directory }, { directory: [] }, { directory: [['a', 2]] }]);
    expect(await ends(image)).toEqual(REFUSED);
  });

  it('with three thousand nested directories', async () => {
    const nested = Array.from({ length: 3000 }, (_, i): InodeRecipe => ({ directory: [['d', i + 1]] }));
    expect(await ends(writeErofs([...nested, file]))).toEqual(REFUSED);
  });

  it('with thousands of links that point to each other', async () => {
    const name = (i: number) => `b${String(i).padStart(2, '0')}`;
    const bombs = Array.from({ length: 30 }, (_, i): InodeRecipe => ({
      link: `${name(i + 1)}/`.repeat(1000),
    }));
    const inodes: InodeRecipe[] = [
      { directory: [...bombs.map((_b, i) => [name(i), 5 + i] as const), ['usr', 1]] },
      { directory: [['lib', 2]] },
      { directory: [['extension-release.d', 3]] },
      { directory: [['extension-release.image', 4]] },
      { link: '/b00' },
      ...bombs,
    ];
    expect(await ends(writeErofs(inodes))).toEqual(HARMLESS);
  });

  it('with links to existing files outside', async () => {
    const inodes: InodeRecipe[] = [
      { directory: [['usr', 1]] },
      { directory: [['bin', 4], ['lib', 2]] }, // prettier-ignore
      { directory: [['extension-release.d', 3]] },
      { link: victim() },
      { link: '/usr/bin' },
    ];
    expect(await ends(writeErofs(inodes))).toEqual(HARMLESS);
  });

  it('with a file of four gigabytes', async () => {
    const image = writeErofs([{ directory: [['zeros', 1]] }, { file: { size: 0xffffffff } }]);
    expect(await ends(image)).toEqual(LISTED);
  });

  it('with a device', async () => {
    expect(await ends(writeErofs([{ directory: [['null', 1]] }, { device: true }]))).toEqual(LISTED);
  });

  it('with more than a million names', async () => {
    const names = Array.from({ length: 1_000_001 }, (_, i) => [`f${i}`, 1] as const);
    fs.mkdirSync(at(), { recursive: true });
    fs.writeFileSync(at('image.raw'), writeErofs([{ directory: names }, file]));
    for (const command of [listCommand(), auditCommand()]) {
      const { status, stderr } = await run(command, at('image.raw'));
      expect([status, stderr]).toEqual([2, expect.stringContaining('more than 1000000 files')]);
    }
  });

  it('with long paths to many names, which together would not fit into memory', async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => [`f${i}`, 16] as const);
    const nested = Array.from({ length: 15 }, (_, i): InodeRecipe => ({
      directory: [['d'.repeat(250), i + 1]],
    }));
    expect(await ends(writeErofs([...nested, { directory: names }, file]))).toEqual(REFUSED);
    const { stderr } = await run(listCommand(), at('image.raw'));
    expect(stderr).toContain('the paths of its files have more than 67108864 characters');
  });

  it('with many names of one link, whose targets together would not fit into memory', async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => [`l${i}`, 1] as const);
    expect(await ends(writeErofs([{ directory: names }, { link: 'x'.repeat(4000) }]))).toEqual(REFUSED);
    const { stderr } = await run(listCommand(), at('image.raw'));
    expect(stderr).toContain('the targets of its links have more than 67108864 characters');
  });

  it('with many files, each of whose chunks take all of the image to list', async () => {
    const names = Array.from({ length: 20_000 }, (_, i) => [`f${i}`, i + 1] as const);
    const files = names.map((): InodeRecipe => ({ file: { size: 2 ** 31 } }));
    const image = Buffer.concat([writeErofs([{ directory: names }, ...files]), Buffer.alloc(2 ** 22, 0xff)]);
    for (let inode = 1; inode <= files.length; inode++) {
      image.writeUInt16LE(4 << 1, 4096 + inode * 32); // the chunked layout
      image.writeUInt16LE(0, 4096 + inode * 32 + 16); // chunks of a block
    }
    expect(await ends(image)).toEqual(REFUSED);
    const { stderr } = await run(listCommand(), at('image.raw'));
    expect(stderr).toContain('its directories and inodes are larger than itself');
  });

  it('with many names of one inode that has as many extended attributes as it can', async () => {
    const names = Array.from({ length: 60_000 }, (_, i) => [`f${i}`, 1] as const);
    const image = Buffer.concat([writeErofs([{ directory: names }, file]), Buffer.alloc(2 ** 19)]);
    image.writeUInt16LE(0xffff, 4096 + 32 + 2);
    fs.mkdirSync(at(), { recursive: true });
    fs.writeFileSync(at('image.raw'), image);
    const { status, stdout } = await run(listCommand(), at('image.raw'));
    expect([status, stdout.split('\n').length]).toEqual([0, 60_002]);
  });

  it('with as many names below long paths as are accepted, each of which is escaped', async () => {
    const names = Array.from({ length: 16_000 }, (_, i) => [`f${i}`, 16] as const);
    const nested = Array.from({ length: 15 }, (_, i): InodeRecipe => ({
      directory: [['\u0001'.repeat(250), i + 1]],
    }));
    fs.mkdirSync(at(), { recursive: true });
    fs.writeFileSync(at('image.raw'), writeErofs([...nested, { directory: names }, file]));
    for (const options of [[], ['--json']]) {
      const child = execaSync('node', ['bin/flix.js', 'list', ...options, at('image.raw')], {
        stdout: 'ignore',
        reject: false,
      });
      expect([child.exitCode, child.stderr]).toEqual([0, '']);
    }
  });

  it('with more names in a directory than a call can take arguments', async () => {
    const names = Array.from({ length: 150_000 }, (_, i) => [`f${i}`, 1] as const);
    fs.mkdirSync(at(), { recursive: true });
    fs.writeFileSync(at('image.raw'), writeErofs([{ directory: names }, file]));
    const { status, stdout } = await run(listCommand(), at('image.raw'));
    expect([status, stdout.split('\n').length]).toEqual([0, 150_002]);
  });

  it.each<[what: string, offset: number, bytes: readonly number[]]>([
    ['blocks of 2^255 bytes', 1024 + 12, [255]],
    ['its root behind the end', 1024 + 14, [0xff, 0xff]],
    ['its inodes behind the end', 1024 + 40, [0xff, 0xff, 0xff, 0xff]],
    ['unknown features', 1024 + 80, [0xff, 0xff, 0xff, 0xff]],
    ['a directory without an end', 4096 + 8, [0xff, 0xff, 0xff, 0xff]],
    ['a directory elsewhere', 4096 + 16, [0xff, 0xff, 0xff, 0xff]],
    ['a file for its root', 4096 + 4, [0xa4, 0x81]],
    ['names behind the block', 2 * 4096 + 8, [0xff, 0xff]],
  ])('with %s', async (_, offset, bytes) => {
    const image = writeErofs([{ directory: [['a', 1]] }, file]);
    image.set(bytes, offset);
    const { extract, audit } = await ends(image);
    expect([extract, audit]).not.toContain(0);
  });
});

describe.runIf(has('tool:mksquashfs', 'tool:unsquashfs'))('a hostile squashfs', () => {
  const made = (...options: readonly string[]) => {
    const tree = demoTree(at('tree'));
    fs.writeFileSync(at('tree/usr/abcdefgh'), '');
    const quiet = ['-noappend', '-no-progress', '-quiet', '-all-root', '-no-xattrs'];
    execaSync('mksquashfs', [tree, at('image.raw'), ...quiet, ...options]);
    fs.rmSync(tree, { recursive: true });
    return fs.readFileSync(at('image.raw'));
  };

  it.each(['../../ab', '/etc/abc', '..'])('with the name %s', async name => {
    const image = made('-noI');
    const padded = name.padEnd(8, '\0');
    image.write(padded, image.indexOf('abcdefgh'), 'latin1');
    expect((await ends(image)).extract).not.toBe(0);
  });

  // the superblock (Linux fs/squashfs/squashfs_fs.h): each number as large as it can be
  it.each([
    ['inodes', 4, 4],
    ['fragments', 16, 4],
    ['block log', 22, 2],
    ['root inode', 32, 8],
    ['bytes used', 40, 8],
    ['inode table', 64, 8],
    ['fragment table', 80, 8],
  ])('with the largest number of: %s', async (_, offset, length) => {
    await expectAnEnd(made().fill(0xff, offset, offset + length));
  });

  it('with damage anywhere', async () => {
    const whole = made('-noI');
    const random = randoms(5);
    for (let round = 0; round < 3; round++) {
      const image = Buffer.from(whole);
      for (let i = 0; i < 20; i++) image[image.length - 1 - random(6000)] = random(256);
      await expectAnEnd(image);
    }
  });
});

describe.runIf(has('tool:mkfs.ext4', 'tool:debugfs', 'tool:e2fsck'))('a hostile ext4', () => {
  it('with a name that looks like the next command of its tool', async () => {
    fs.writeFileSync(path.join(demoTree(at('tree')), 'usr/a\ndebugfs: ls -p <2>\n'), '');
    makeFileSystem('ext4', at('tree'), at('made.raw'));
    const image = fs.readFileSync(at('made.raw'));
    for (const name of ['tree', 'made.raw']) fs.rmSync(at(name), { recursive: true });
    expect(await ends(image)).toEqual(REFUSED);
  });
});

describe.runIf(has('tool:sfdisk', 'tool:mkfs.erofs', 'tool:veritysetup'))('a hostile partition table', () => {
  it.each<[what: string, damage: (image: Buffer, random: (limit: number) => number) => void]>([
    ['anything in the first table', (image, random) => scatter(image, 512, 2048, random)],
    ['anything in the backup', (image, random) => scatter(image, image.length - 17_000, 17_000, random)],
    ['anything in the hash tree', (image, random) => scatter(image, image.length / 2, 100_000, random)],
    ['no second half', image => image.fill(0, image.length / 2)],
  ])('with %s', async (_, damage) => {
    makeDdi({ tree: demoTree(at('tree')), output: at('image.raw') });
    fs.rmSync(at('tree'), { recursive: true });
    const whole = fs.readFileSync(at('image.raw'));
    const random = randoms(7);
    for (let round = 0; round < 2; round++) {
      const image = Buffer.from(whole);
      damage(image, random);
      await expectAnEnd(image);
    }
  });
});

function scatter(image: Buffer, from: number, length: number, random: (limit: number) => number): void {
  for (let i = 0; i < 12; i++)
    image[Math.min(image.length - 1, Math.floor(from) + random(length))] = random(256);
}

/** Whatever it is: that it ends, and how it may, is what `everyCommand` holds it to. */
async function expectAnEnd(image: Uint8Array): Promise<void> {
  expect(Object.keys(await ends(image))).toHaveLength(4);
}
