import fs from 'node:fs';
import path from 'node:path';
import { execaSync } from 'execa';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { withImageRoot } from '../../src/image/image-view.ts';
import { withImage } from '../../src/image/image.ts';
import { walk } from '../../src/view/walk.ts';
import { directoryView } from '../../src/view/directory.ts';
import { sha256At } from '../../src/view/digest.ts';
import type { View } from '../../src/view/view.ts';
import { scratch } from '../io/scratch.ts';
import { debian13 } from '../lab/newer-tools.ts';
import { has } from '../lab/requires.ts';
import { randoms } from '../verify/tree.ts';

const at = scratch();

/** Makes files of sizes around a block, whose data compresses well, badly or not at all, with holes and odd names. */
function manyFiles(root: string): string {
  const next = randoms(7);
  fs.mkdirSync(path.join(root, 'usr/deep/er'), { recursive: true });
  const text = (length: number) =>
    Buffer.from(Array.from({ length }, () => 97 + (next(3) > 0 ? 0 : next(26))));
  const noise = (length: number) => Buffer.from(Array.from({ length }, () => next(256)));
  for (const size of [0, 1, 3, 40, 4095, 4096, 4097, 8192, 12_345, 70_000, 1_200_000]) {
    fs.writeFileSync(path.join(root, `usr/text-${size}`), text(size));
    fs.writeFileSync(path.join(root, `usr/noise-${size}`), noise(Math.min(size, 70_000)));
    fs.writeFileSync(path.join(root, `usr/zeros-${size}`), Buffer.alloc(size));
    fs.writeFileSync(path.join(root, `usr/deep/mixed-${size}`), Buffer.concat([noise(5000), text(size)]));
  }
  fs.copyFileSync('/usr/bin/env', path.join(root, 'usr/deep/er/env'));
  fs.writeFileSync(path.join(root, 'usr/a name with \\ a\ttab, \' and "quotes" \\'), 'q');
  fs.writeFileSync(path.join(root, 'usr/#'), 'r');
  fs.linkSync(path.join(root, 'usr/text-4097'), path.join(root, 'usr/deep/same'));
  fs.symlinkSync('../text-1', path.join(root, 'usr/deep/link'));
  fs.writeFileSync(path.join(root, 'usr/hole'), 'begins');
  fs.truncateSync(path.join(root, 'usr/hole'), 300_000);
  fs.chmodSync(path.join(root, 'usr/text-40'), 0o4750);
  return root;
}

/** Describes all entries of a view, with the digests of the files. */
function picture(view: View): string[] {
  return [...walk(view, '/')].map(({ path: entry, kind }) => {
    const { mode, size } = view.stat(entry);
    const told =
      kind === 'link' ? view.readlink(entry) : kind === 'file' ? sha256At(view, entry).toString('hex') : '';
    return `${entry} ${kind} ${mode.toString(8)} ${kind === 'file' ? size : ''} ${told}`;
  });
}

async function expectSame(image: string, tree: string): Promise<void> {
  const expected = picture(directoryView(tree));
  await withImage(image, opened =>
    withImageRoot(opened, async root => {
      const view = root();
      expect(view.source('/usr/hole').hostPath).toBeUndefined();
      expect(picture(view)).toEqual(expected);
      expect(view.stat('/usr/deep/same').id).toBe(view.stat('/usr/text-4097').id);
      expect(view.stat('/usr/deep/same').id).not.toBe(view.stat('/usr/text-4096').id);
      const file = view.open('/usr/deep/mixed-1200000');
      const whole = fs.readFileSync(path.join(tree, 'usr/deep/mixed-1200000'));
      for (const [from, length] of [
        [0, 4],
        [4090, 20],
        [4000, 3000],
        [1_100_000, 100_000],
        [5, 900_000],
      ] as const)
        // prettier-ignore
        expect(Buffer.from(file.read(from, length)).equals(whole.subarray(from, from + length))).toBe(true);
      file.close();
    }),
  );
}

describe.runIf(has('tool:mkfs.erofs', 'tool:fsck.erofs'))('an erofs that is read in place', () => {
  it.each<readonly string[]>([
    [],
    ['-zlz4'],
    ['-zlz4hc,9'],
    ['-zlz4hc,9', '-C65536'],
    ['-zlz4hc,9', '-C1048576', '-Eztailpacking'],
    ['-zlz4', '-Elegacy-compress'],
    ['-zlz4hc', '-Elegacy-compress,ztailpacking'],
    ['--chunksize=4096'],
    ['--chunksize=65536', '-Eforce-chunk-indexes'],
    ['-Eforce-inode-extended', '-zlz4'],
  ])('shows the files that went into it: %s %s %s', async (...options) => {
    const tree = manyFiles(at('tree'));
    execaSync('mkfs.erofs', ['--quiet', ...options, at('image.raw'), tree]);
    await expectSame(at('image.raw'), tree);
  });

  it.runIf(has('archive')).each<readonly string[]>([
    ['-b4096', '-zlz4hc,12', '-C1048576', '-Eztailpacking'],
    ['-b2048', '-zlz4hc', '-Eztailpacking'],
    ['-b512', '-zlz4', '-Elegacy-compress'],
    ['-b1024', '-zlz4', '-C16384'],
  ])('shows them if the mkfs.erofs of Debian 13 made it: %s %s %s %s', async (...options) => {
    const tree = manyFiles(at('tree'));
    const [tool, ...loading] = await debian13('mkfs.erofs');
    execaSync(tool!, [...loading, '--quiet', ...options, at('image.raw'), tree]);
    await expectSame(at('image.raw'), tree);
  });

  it('names the image and the file whose compressed data is damaged when it is read', async () => {
    const tree = manyFiles(at('tree'));
    execaSync('mkfs.erofs', ['--quiet', '-zlz4', at('image.raw'), tree]);
    const { stdout } = execaSync('dump.erofs', ['-e', '--path=/usr/deep/er/env', at('image.raw')]);
    const [, from, to] = /^\s*0:.*\|\s*\d+\s*:\s*(\d+)\.\.\s*(\d+)\s*\|/m.exec(stdout)!.map(Number);
    const image = fs.openSync(at('image.raw'), 'r+');
    fs.writeSync(image, Buffer.alloc(to! - from!, 0xff), 0, to! - from!, from);
    fs.closeSync(image);
    await withImage(at('image.raw'), opened =>
      withImageRoot(opened, async root => {
        const view = root();
        expect(sha256At(view, '/usr/text-4096')).toBeDefined();
        expect(() => sha256At(view, '/usr/deep/er/env')).toThrow(
          `${at('image.raw')}: /usr/deep/er/env: the erofs file system cannot be read: the compressed data of a file is damaged`,
        );
      }),
    );
  });
});

describe.runIf(has('tool:mksquashfs', 'tool:unsquashfs'))('a squashfs whose contents are in one file', () => {
  it.each<readonly string[]>([[], ['-comp', 'xz', '-b', '1M'], ['-no-fragments'], ['-noD', '-noF']])(
    'shows the files that went into it: %s %s',
    async (...options) => {
      const tree = manyFiles(at('tree'));
      execaSync('mksquashfs', [tree, at('image.raw'), '-quiet', '-no-progress', ...options]);
      await expectSame(at('image.raw'), tree);
    },
  );

  it.runIf(has('archive'))('shows them with the unsquashfs of Debian 13, too', async () => {
    const tree = manyFiles(at('tree'));
    // unsquashfs prints this user as a negative number
    const owner = ['-force-uid', '4000000000'];
    execaSync('mksquashfs', [tree, at('image.raw'), '-quiet', '-no-progress', ...owner]);
    fs.mkdirSync(at('tools'));
    const command = (await debian13('unsquashfs')).join(' ');
    fs.writeFileSync(at('tools/unsquashfs'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
    vi.stubEnv('PATH', `${at('tools')}:${process.env['PATH']}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    await expectSame(at('image.raw'), tree);
  });

  it('is unpacked if a name or a link has a line break, behind which it could say anything', async () => {
    const makers = [
      (file: string) => fs.writeFileSync(`${file}\n`, 'x'),
      (file: string) => fs.symlinkSync('x\nusr/text-1 R 1 644 0 0 1 0', file),
    ];
    for (const make of makers) {
      const tree = manyFiles(at('tree'));
      make(path.join(tree, 'usr/0'));
      execaSync('mksquashfs', [tree, at('image.raw'), '-quiet', '-no-progress', '-noappend']);
      const expected = picture(directoryView(tree));
      await withImage(at('image.raw'), opened =>
        withImageRoot(opened, async root => expect(picture(root())).toEqual(expected)),
      );
      fs.rmSync(tree, { recursive: true });
    }
  });
});
