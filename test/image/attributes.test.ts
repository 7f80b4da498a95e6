import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execaSync } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withImage } from '../../src/image/image.ts';
import { listImage } from '../../src/image/unpack.ts';
import { attributesBelow } from '../../src/io/attributes.ts';
import { type Attributes, ATTRIBUTES, CAPABILITY, LABEL, RELEASE_STRICT } from '../../src/view/attributes.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';
import { makeDdi } from './ddi.ts';
import { fileSystemsHere } from './file-systems.ts';

const at = scratch();
/** Made once. */
let tree: string;
/** cap_net_raw=ep, as the kernel stores it. */
const NET_RAW = Buffer.from(`0100000200200000${'00'.repeat(12)}`, 'hex');
const OPAQUE = 'trusted.overlay.opaque';
/** Like lines of the tools themselves. */
const LINES =
  'y\n\titem 4 key (257 XATTR_ITEM 1)\nleaf 30441472 items 3\ndebugfs: ea_list <12>\n  $(id) \'"\\';

const MIB = 1024 * 1024;
const sparse = (size: number) => {
  fs.writeFileSync(at('image.raw'), '');
  fs.truncateSync(at('image.raw'), size);
};
const squashfs = (...options: readonly string[]) => {
  const quiet = ['-noappend', '-no-progress', '-quiet'];
  execaSync('mksquashfs', [tree, at('image.raw'), ...quiet, ...options]);
};
const erofs = (tolerance: string) => execaSync('mkfs.erofs', ['--quiet', tolerance, at('image.raw'), tree]);

/** Each with what may make it lie elsewhere. */
const kinds = {
  'erofs, each its own': () => erofs('-x0'),
  'erofs, some shared': () => erofs('-x2'),
  'erofs, few shared': () => erofs('-x99'),
  squashfs: () => squashfs(),
  'squashfs, stored': () => squashfs('-noI', '-noId', '-noD', '-noF', '-noX'),
  'squashfs, xz': () => squashfs('-comp', 'xz', '-Xbcj', 'x86', '-b', '1M'),
  'squashfs, zstd': () => squashfs('-comp', 'zstd', '-no-exports', '-no-fragments'),
  'squashfs, lz4': () => squashfs('-comp', 'lz4', '-Xhc'),
  'squashfs, lzo': () => squashfs('-comp', 'lzo', '-noX'),
  ext4: () => {
    sparse(16 * MIB);
    execaSync('/sbin/mkfs.ext4', ['-q', '-d', tree, at('image.raw')]);
  },
  btrfs: () => {
    sparse(128 * MIB);
    execaSync('/sbin/mkfs.btrfs', ['-q', '--rootdir', tree, at('image.raw')]);
  },
  'btrfs, one copy': () => {
    sparse(128 * MIB);
    const small = ['--nodesize', '4096', '--metadata', 'single'];
    execaSync('/sbin/mkfs.btrfs', ['-q', ...small, '--rootdir', tree, at('image.raw')]);
  },
} as const;

const able: readonly string[] = fileSystemsHere();
const here = (Object.keys(kinds) as (keyof typeof kinds)[]).filter(kind =>
  able.includes(kind.split(',')[0]!),
);

/** Marked and unmarked files; returns the marks that are to be found. What only root may set, root sets. */
function markedTree(): Map<string, Map<string, Buffer>> {
  const marked = new Map<string, Map<string, Buffer>>();
  const put = (name: string, attributes: Readonly<Record<string, string | Buffer>>) => {
    const file = path.join(tree, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (!fs.existsSync(file)) fs.writeFileSync(file, name.repeat(20));
    const values = Object.entries(attributes).map(([key, value]) => [key, Buffer.from(value)] as const);
    for (const [key, value] of values)
      execaSync('setfattr', ['-n', key, '-v', `0x${value.toString('hex')}`, file]);
    const wanted = values.filter(
      ([key]) => ATTRIBUTES.includes(key) || (key === LABEL && fs.statSync(file).isDirectory()),
    );
    if (wanted.length > 0) marked.set(`/${name}`, new Map(wanted));
  };
  put('usr/none', {});
  put('usr/other', { 'user.other': 'x'.repeat(300), [`${RELEASE_STRICT}.not`]: '0' });
  put('usr/nearly', { [`${RELEASE_STRICT} (1)`]: '0', 'user.nearly': LINES });
  put('usr/release', { 'user.other': 'y', [RELEASE_STRICT]: '0' });
  put('usr/long', { [RELEASE_STRICT]: 'long '.repeat(60) });
  put('usr/as-long', { [RELEASE_STRICT]: 'long '.repeat(60), 'user.other': 'z' });
  put('usr/bytes', { [RELEASE_STRICT]: Buffer.from([0, 255, 10, 34, 92, 0]) });
  put(`usr/${LINES.replace('debugfs', 'no debugfs')}`, { [RELEASE_STRICT]: LINES });
  put('usr', { [RELEASE_STRICT]: 'no file' });
  fs.symlinkSync('release', path.join(tree, 'usr/link'));
  fs.linkSync(path.join(tree, 'usr/release'), path.join(tree, 'usr/same'));
  marked.set('/usr/same', marked.get('/usr/release')!);
  // more than a block of metadata holds, or a leaf
  for (let i = 0; i < 300; i++)
    put(
      `usr/bin/${i % 7}/a-name-that-is-not-so-short-${i}`,
      i % 3 === 0 ? { [RELEASE_STRICT]: `${i % 10}` } : {},
    );
  if (!has('trustedAttributes')) return marked;
  put('usr/bin', { [OPAQUE]: 'y', [RELEASE_STRICT]: 'n' });
  put('usr', { [RELEASE_STRICT]: 'no file', [LABEL]: 'system_u:object_r:usr_t:s0\0' });
  put('usr/bin/1', { [LABEL]: 'system_u:object_r:bin_t:s0\0', [RELEASE_STRICT]: 'dir' });
  for (const name of ['a', 'b', 'c', 'd'])
    put(`usr/bin/${name}`, { [CAPABILITY]: NET_RAW, 'user.other': 'z' });
  return marked;
}

const read = (): Promise<Attributes> =>
  withImage(at('image.raw'), async opened => (await listImage(opened)).attributes());

/** As the kernel shows them; `undefined`: it has no driver for the image. */
async function mounted(): Promise<Attributes | undefined> {
  fs.mkdirSync(at('mount'));
  const { failed, stderr } = execaSync('mount', ['-o', 'loop,ro', at('image.raw'), at('mount')], {
    reject: false,
  });
  if (failed) {
    console.error(`skipped: test/image/attributes.test.ts mounts the image: ${stderr.split('\n')[0]}`);
    return undefined;
  }
  try {
    return await attributesBelow(at('mount'), [...ATTRIBUTES, LABEL]);
  } finally {
    execaSync('umount', [at('mount')]);
  }
}

describe.runIf(has('tool:setfattr', 'tool:getfattr'))('the attributes of the entries of an image', () => {
  let marked: Attributes;
  beforeAll(() => {
    tree = fs.mkdtempSync(path.join(os.tmpdir(), 'flix-test-'));
    marked = markedTree();
  });
  afterAll(() => fs.rmSync(tree, { recursive: true }));

  it.each(here)('returns exactly the attributes that were set: %s', async kind => {
    kinds[kind]();
    expect(await read()).toEqual(marked);
  });

  it.runIf(has('loopDevice')).for(here)('returns what the kernel shows: %s', async (kind, { skip }) => {
    kinds[kind]();
    const shown = await mounted();
    if (!shown) return skip();
    expect(await read()).toEqual(shown);
  });

  it.runIf(able.includes('ext4') && has('tool:sfdisk'))('returns the attributes in a partition', async () => {
    makeDdi({ tree, output: at('image.raw'), fileSystem: 'ext4', verity: false });
    expect(await read()).toEqual(marked);
  });
});
