import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it } from 'vitest';
import { extractImage } from '../../src/cli/extract.ts';
import { featuresOf } from '../../src/image/features.ts';
import { fileSystemOf } from '../../src/image/file-system.ts';
import { withImage } from '../../src/image/image.ts';
import { fileSystemCheck, listImage } from '../../src/image/unpack.ts';
import { volumesOf } from '../../src/image/image.ts';
import { compareDottedVersions } from '../../src/io/tools.ts';
import { erofs } from '../../src/pack/file-system/erofs.ts';
import { listener, scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { debian13 } from '../lab/newer-tools.ts';

/** Images that others make, read by flix and by the kernel. */

const at = scratch();

/** Every entry with its kind, mode, link and content, as the kernel shows the image; `undefined`: it does not mount it. */
function mounted(image: string, change?: (root: string) => void): string[] | undefined {
  fs.mkdirSync(at('mount'), { recursive: true });
  const options = ['-o', change ? 'loop' : 'loop,ro', image, at('mount')];
  if (execaSync('mount', options, { reject: false }).exitCode !== 0) return undefined;
  try {
    change?.(at('mount'));
    // a mount namespace that other tests made meanwhile may keep the file system mounted, and then umount writes nothing
    execaSync('sync', ['-f', at('mount')]);
    return picture(at('mount'));
  } finally {
    execaSync('umount', [at('mount')]);
  }
}

function picture(root: string): string[] {
  const names = fs.readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names
    .filter(name => name !== 'lost+found')
    .sort()
    .map(name => {
      const stat = fs.lstatSync(path.join(root, name));
      if (stat.isSymbolicLink()) return `${name} -> ${fs.readlinkSync(path.join(root, name))}`;
      const content = stat.isFile() ? fs.readFileSync(path.join(root, name), 'base64') : '';
      return `${name} ${(stat.mode & 0o7777).toString(8)} ${content}`;
    });
}

/** Files of many sizes, around those at which a file system stores them in another way. */
function sampleTree(root: string): string {
  fs.mkdirSync(path.join(root, 'usr/share/empty'), { recursive: true });
  for (const size of [0, 1, 18, 59, 60, 61, 100, 150, 200, 300, 700, 900, 5000, 70_000])
    fs.writeFileSync(
      path.join(root, `usr/share/${size}`),
      Buffer.from(Array.from({ length: size }, (_, i) => (i * i) % 251)),
    );
  fs.symlinkSync('x'.repeat(80), path.join(root, 'usr/long'));
  fs.symlinkSync('short', path.join(root, 'usr/short'));
  for (const [name, size] of [
    ['hole', 1_000_000],
    ['only-hole', 50_000],
  ] as const) {
    fs.writeFileSync(path.join(root, 'usr', name), name === 'hole' ? 'data' : '');
    fs.truncateSync(path.join(root, 'usr', name), size);
  }
  return root;
}

const able = has('root', 'loopDevice');

async function expectRead(image: string, expected: readonly string[] | undefined): Promise<void> {
  expect(expected).toBeDefined();
  await extractImage(image, at('out'), listener());
  expect(picture(at('out'))).toEqual(expected);
  const entries = await withImage(image, opened => listImage(opened));
  const names = expected!.map(line => `/${line.split(' ')[0]!}`);
  expect([...entries].map(entry => entry.path).sort()).toEqual(['/', ...names].sort());
}

describe.runIf(able && has('tool:mkfs.ext4', 'tool:debugfs', 'tool:e2fsck'))('an ext4', () => {
  const made = (features: string, inode: number) => {
    const options = ['-q', '-O', `${features},^has_journal`, '-I', `${inode}`, '-d', sampleTree(at('tree'))];
    execaSync('/sbin/mkfs.ext4', [...options, at('image.raw'), '8M']);
    return at('image.raw');
  };

  it.each([
    ['inline_data', 256],
    ['inline_data', 1024],
    ['^extent,^64bit', 128],
    ['^dir_index', 256],
  ])('is read as the kernel reads it (%s, inodes of %i bytes)', async (features, inode) => {
    const image = made(features, inode);
    await expectRead(image, mounted(image));
  });

  it.each(['^inline_data', 'inline_data'])('does not show what was deleted (%s)', async features => {
    const image = made(features, 256);
    const left = mounted(image, root => {
      for (const directory of ['usr/share', 'usr/share/empty', 'usr'])
        for (let i = 0; i < 60; i++) fs.writeFileSync(path.join(root, directory, `deleted-${i}`), '');
      for (const directory of ['usr/share', 'usr/share/empty', 'usr'])
        for (let i = 0; i < 60; i++) if (i !== 7) fs.rmSync(path.join(root, directory, `deleted-${i}`));
      fs.rmSync(path.join(root, 'usr/share/18'));
    });
    await expectRead(image, left);
  });

  it('asks for a newer e2fsck if that does not know a feature', async () => {
    const image = made('extent', 256);
    execaSync('/sbin/debugfs', ['-w', '-R', 'feature FEATURE_I24', image]);
    const tooOld = { kind: 'missing', code: 'old-tool', message: expect.stringContaining('FEATURE_I24') };
    await expect(extractImage(image, at('out'), listener())).rejects.toMatchObject(tooOld);
    await withImage(image, async opened =>
      expect(fileSystemCheck(opened, volumesOf(opened)[0]!)).rejects.toMatchObject(tooOld),
    );
  });
});

describe.runIf(able && has('tool:mkfs.btrfs', 'tool:btrfs'))('a btrfs', () => {
  it('is read while it is mounted', async () => {
    fs.writeFileSync(at('image.raw'), '');
    fs.truncateSync(at('image.raw'), 128 * 1024 * 1024);
    execaSync('/sbin/mkfs.btrfs', ['-q', '--rootdir', sampleTree(at('tree')), at('image.raw')]);
    const expected = mounted(at('image.raw'));
    fs.mkdirSync(at('mount'), { recursive: true });
    execaSync('mount', ['-o', 'loop,ro', at('image.raw'), at('mount')]);
    try {
      await expectRead(at('image.raw'), expected);
    } finally {
      execaSync('umount', [at('mount')]);
    }
  });
});

describe.runIf(able && has('archive', 'tool:fsck.erofs'))('an erofs of a newer mkfs.erofs', () => {
  const made = async (...options: readonly string[]) => {
    const [tool, ...loading] = await debian13('mkfs.erofs');
    execaSync(tool!, [...loading, '--quiet', ...options, at('image.raw'), sampleTree(at('tree'))]);
    return at('image.raw');
  };

  it.each([
    ['--chunksize=4096'],
    ['--chunksize=16384'],
    ['-Enoinline_data'],
    ['-zlz4', '-C65536'],
    ['-zlz4', '-C65536', '-Eztailpacking'],
  ])('is read as the kernel reads it (%s %s %s)', async (...options) => {
    const image = await made(...options.filter(option => option !== undefined));
    await expectRead(image, mounted(image));
  });

  it.each(['5.4', '5.15', '5.17', '6.1', '6.10', '6.12'])(
    'that is small for Linux %s has the files of the tree, and needs no newer Linux',
    async kernel => {
      const request = {
        tree: '',
        output: '',
        epoch: 0,
        uuid: '',
        compress: 'small',
        version: '1.8.6',
      } as const;
      const options = erofs.arguments({ ...request, kernel }).filter(option => /^-[zCE]/.test(option));
      const image = await made('-b4096', ...options);
      expect(mounted(image)).toEqual(picture(at('tree')));
      const needed = withImage(image, ({ reader }) => featuresOf(reader, 'erofs').map(({ linux }) => linux!));
      expect((await needed).filter(linux => compareDottedVersions(linux, kernel) > 0)).toEqual([]);
    },
  );

  it.each([
    [['-zlzma'], 'LZMA compression'],
    [['-zdeflate'], 'DEFLATE compression'],
    [['-zzstd'], 'zstd compression'],
    [['-b512'], 'blocks of 512 bytes'],
    [['-b2048', '-zlz4'], 'compressed blocks of 2048 bytes'],
    [['-zlz4', '-Efragments,dedupe'], 'fragments or deduplication'],
    [['--xattr-prefix=user.a.long.prefix.'], 'prefixes of extended attributes'],
  ])('that fsck.erofs cannot read (%s) is not called damaged', async (options, what) => {
    const image = await made(...options);
    expect(mounted(image)).toBeDefined();
    const check = withImage(image, opened => fileSystemCheck(opened, volumesOf(opened)[0]!));
    const outcome = await check.catch((error: unknown) => error);
    // a newer tool finds nothing wrong
    if (outcome === undefined) return;
    const message = expect.stringContaining(what);
    const fix = expect.stringMatching(/Install erofs-utils 1\.\d or later\./);
    const tooOld = { kind: 'missing', code: 'old-tool', message, fix };
    expect(outcome).toMatchObject(tooOld);
    await expect(extractImage(image, at('out'), listener())).rejects.toMatchObject(tooOld);
  });

  it('is called damaged if its superblock is, although it then seems to have a new feature', async () => {
    const image = await made('-zlz4');
    const bytes = fs.readFileSync(image);
    bytes[1024 + 84]! |= 8;
    bytes.fill(0xff, 4096);
    fs.writeFileSync(image, bytes);
    await expect(extractImage(image, at('out'), listener())).rejects.not.toMatchObject({ kind: 'missing' });
  });
});

describe.runIf(able && has('tool:mksquashfs', 'tool:mkfs.ext4'))('what no Linux mounts', () => {
  const named = (image: string) =>
    withImage(image, ({ reader }) =>
      featuresOf(reader, fileSystemOf(reader)!).flatMap(({ what, linux }) =>
        linux === undefined ? [what] : [],
      ),
    );
  const squashfs = (size: number, ...options: readonly string[]) => {
    fs.mkdirSync(at('tree'), { recursive: true });
    // incompressible
    fs.writeFileSync(at('tree/file'), Buffer.from(Array.from({ length: size }, () => Math.random() * 256)));
    execaSync('mksquashfs', [at('tree'), at('image.raw'), '-noappend', '-quiet', '-no-progress', ...options]);
    return at('image.raw');
  };

  it.each(['gzip', 'xz', 'zstd', 'lzma'])('is right for a squashfs with %s', async compressor => {
    const image = squashfs(5000, '-comp', compressor);
    expect((await named(image)).length > 0).toBe(mounted(image) === undefined);
  });

  it.each([0, 200, 500, 700, 1000])('is right for a squashfs without padding (%i)', async more => {
    const image = squashfs(200_000 + more, '-nopad');
    for (const unit of [1, 512, 1024]) {
      fs.truncateSync(image, Math.ceil(fs.statSync(image).size / unit) * unit);
      expect((await named(image)).length > 0).toBe(mounted(image) === undefined);
    }
  });

  it('includes casefold before Linux 6.17', async () => {
    execaSync('/sbin/mkfs.ext4', ['-q', '-O', 'casefold', at('image.raw'), '8M']);
    const features = await withImage(at('image.raw'), ({ reader }) => featuresOf(reader, 'ext4'));
    expect(features).toMatchObject([{ what: 'case-insensitive names (casefold)', linux: '6.17' }]);
  });
});
