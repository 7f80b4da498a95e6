import type { FileSystemMaker } from './file-system.ts';

export const btrfs: FileSystemMaker = {
  tool: 'mkfs.btrfs',
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
  notReproducible: () => 'mkfs.btrfs gives other bytes each time; erofs and squashfs do not',
};
