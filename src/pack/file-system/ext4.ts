import { compareDottedVersions } from '../../io/tools.ts';
import type { View } from '../../view/view.ts';
import { walk } from '../../view/walk.ts';
import type { FileSystemMaker } from './file-system.ts';

/** The first version of mkfs.ext4 that honours SOURCE_DATE_EPOCH. */
const REPRODUCIBLE = '1.47.1';

const BLOCK = 4096;
const INODE = 256;
/** Link texts of at least this many bytes take a block of their own (fs/ext4, fast symlinks). */
const SLOW_LINK = 60;

export interface Ext4Size {
  readonly kibibytes: number;
  readonly inodes: number;
}

/** The size that an ext4 needs for a tree, including bitmaps and extents. */
export function ext4Size(tree: View): Ext4Size {
  let [blocks, inodes] = [16, 32]; // the first eleven inodes are reserved, and lost+found takes four blocks
  for (const top of tree.list('/').keys()) {
    inodes++;
    for (const { path, kind } of walk(tree, `/${top}`)) {
      inodes++;
      const size = kind === 'directory' ? 2 * BLOCK : tree.stat(path).size;
      if (kind !== 'link' || size >= SLOW_LINK) blocks += Math.ceil(size / BLOCK);
    }
  }
  const tables = Math.ceil((inodes * INODE) / BLOCK);
  return { kibibytes: 4 * Math.ceil((blocks + tables) * 1.02) + 2048, inodes };
}

/** Makes an ext4 that is never written to: without a journal and reserved blocks. */
export function ext4({ kibibytes, inodes }: Ext4Size): FileSystemMaker {
  return {
    copies: true,
    arguments: ({ tree, output, uuid }) => [
      '-q',
      '-F',
      `-b${BLOCK}`,
      '-m0',
      `-I${INODE}`,
      `-N${inodes}`,
      '-O^has_journal,^resize_inode,^metadata_csum_seed',
      `-U${uuid}`,
      `-Ehash_seed=${uuid},root_owner=0:0,lazy_itable_init=0`,
      '-d',
      tree,
      output,
      `${kibibytes}k`,
    ],
    environment: ({ epoch }) => ({ SOURCE_DATE_EPOCH: `${epoch}`, E2FSPROGS_FAKE_TIME: `${epoch}` }),
    notReproducible: version =>
      version !== undefined && compareDottedVersions(version, REPRODUCIBLE) >= 0
        ? undefined
        : `mkfs.ext4 before ${REPRODUCIBLE} writes different bytes each time; use erofs or squashfs for reproducible images`,
  };
}
