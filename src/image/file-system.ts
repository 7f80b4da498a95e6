import type { Reader } from '../elf/reader.ts';

export const fileSystems = ['erofs', 'squashfs', 'ext4', 'btrfs'] as const;
export type FileSystem = (typeof fileSystems)[number];

const magics: Readonly<Record<FileSystem, { readonly offset: number; readonly bytes: Buffer }>> = {
  erofs: { offset: 1024, bytes: Buffer.from('e2e1f5e0', 'hex') },
  squashfs: { offset: 0, bytes: Buffer.from('hsqs') },
  ext4: { offset: 1080, bytes: Buffer.from('53ef', 'hex') },
  btrfs: { offset: 0x10040, bytes: Buffer.from('_BHRfS_M') },
};

/** By the magic number in the superblock. */
export function fileSystemOf(reader: Reader): FileSystem | undefined {
  return fileSystems.find(name => {
    const { offset, bytes } = magics[name];
    return reader.size >= offset + bytes.length && bytes.equals(reader.read(offset, bytes.length));
  });
}
