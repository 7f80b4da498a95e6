import type { Reader } from '../elf/reader.ts';

export const fileSystems = ['erofs', 'squashfs', 'ext4', 'btrfs'] as const;
export type FileSystemType = (typeof fileSystems)[number];

const magics: Readonly<Record<FileSystemType, { readonly offset: number; readonly bytes: Buffer }>> = {
  erofs: { offset: 1024, bytes: Buffer.from('e2e1f5e0', 'hex') },
  squashfs: { offset: 0, bytes: Buffer.from('hsqs') },
  ext4: { offset: 1080, bytes: Buffer.from('53ef', 'hex') },
  btrfs: { offset: 0x10040, bytes: Buffer.from('_BHRfS_M') },
};

/** Recognises a file system by the magic number in its superblock. */
export function fileSystemOf(reader: Reader): FileSystemType | undefined {
  return fileSystems.find(name => {
    const { offset, bytes } = magics[name];
    return reader.size >= offset + bytes.length && bytes.equals(reader.read(offset, bytes.length));
  });
}

/** Returns the size in bytes that the superblock gives; larger than the reader if the image is truncated. */
export function declaredSize(reader: Reader, type: FileSystemType): number {
  const superblock = (offset: number, length: number) =>
    reader.size < offset + length ? Buffer.alloc(length) : Buffer.from(reader.read(offset, length));
  switch (type) {
    case 'erofs': {
      const block = superblock(1024, 128);
      return block.readUInt32LE(36) * 2 ** block[12]!;
    }
    case 'squashfs':
      return Number(superblock(0, 96).readBigUInt64LE(40));
    case 'ext4': {
      const block = superblock(1024, 1024);
      return block.readUInt32LE(4) * 1024 * 2 ** block.readUInt32LE(24);
    }
    case 'btrfs':
      return Number(superblock(0x10000, 4096).readBigUInt64LE(0x70));
  }
}
