import type { FileSystemMaker } from './file-system.ts';

/** mkfs.btrfs takes owners and times from the tree. */
export const btrfs: FileSystemMaker = {
  copies: true,
  arguments: ({ tree, output, uuid }) => [
    '-q',
    '-f',
    '-U',
    uuid,
    '-m',
    'single',
    '--rootdir',
    tree,
    '--shrink',
    output,
  ],
  notReproducible: () =>
    'mkfs.btrfs writes different bytes each time; use erofs or squashfs for reproducible images',
};
