import { type FileSystemType, fileSystems } from '../../src/image/file-system.ts';
import { has } from '../lab/requires.ts';

const tools = {
  erofs: ['tool:mkfs.erofs', 'tool:fsck.erofs'],
  squashfs: ['tool:mksquashfs', 'tool:unsquashfs'],
  ext4: ['tool:mkfs.ext4', 'tool:debugfs', 'tool:e2fsck'],
  btrfs: ['tool:mkfs.btrfs', 'tool:btrfs'],
} as const;

/** Those of which this machine can make images, and read them. */
export function fileSystemsHere(): FileSystemType[] {
  return fileSystems.filter(type => has(...tools[type]));
}
