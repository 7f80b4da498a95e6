import type { Reader } from '../elf/reader.ts';
import { boundedReads } from './bounded.ts';
import type { FileSystemType } from './file-system.ts';

/** A feature of a file system that not every Linux or not every tool supports. */
export interface Feature {
  /** A noun phrase: `LZMA compression`. */
  readonly what: string;
  /** The first Linux that mounts it as a layer of a merge; `undefined`: none does. */
  readonly linux: string | undefined;
  /** The first erofs-utils whose fsck.erofs reads it; absent for other file systems, or if every version does. */
  readonly utils?: string | undefined;
  /** Its bit in the superblock, if it has one. */
  readonly bit?: number;
}

/** The features of a file system in a reader that contains nothing else. Throws `FlixError` `bad-file-system`. */
export function featuresOf(reader: Reader, type: FileSystemType): Feature[] {
  const bytes = (offset: number, length: number) => boundedReads(type).bytesAt(reader, offset, length);
  switch (type) {
    case 'erofs':
      return erofsFeatures(bytes(1024, 128));
    case 'squashfs':
      return squashfsFeatures(bytes(0, 96), reader.size);
    case 'ext4':
      return ext4Features(bytes(1024, 1024));
    case 'btrfs': {
      const devices = bytes(0x10000, 4096).readBigUInt64LE(0x88);
      return devices > 1n ? [{ what: `${devices} devices`, linux: undefined }] : [];
    }
  }
}

type Bit = Feature & { readonly bit: number };

/** `feature_incompat` (Linux fs/erofs/erofs_fs.h), with the merge into Linux and the release of erofs-utils. */
const EROFS: readonly Bit[] = [
  { bit: 0x2, what: 'big physical clusters', linux: '5.13' },
  { bit: 0x4, what: 'chunks', linux: '5.15' },
  { bit: 0x8, what: 'a second compression algorithm or a device table', linux: '5.16' },
  { bit: 0x10, what: 'packed tails', linux: '5.17' },
  { bit: 0x20, what: 'fragments or deduplication', linux: '6.1', utils: '1.6' },
  { bit: 0x40, what: 'prefixes of extended attributes', linux: '6.4', utils: '1.7' },
  { bit: 0x80, what: '48-bit block addresses', linux: '6.15', utils: '1.9' },
  { bit: 0x100, what: 'a metadata box', linux: '6.17', utils: '1.9' },
];
const EROFS_ALGORITHMS: readonly Bit[] = [
  { bit: 0x2, what: 'LZMA compression', linux: '5.16', utils: '1.7' },
  { bit: 0x4, what: 'DEFLATE compression', linux: '6.6', utils: '1.7' },
  { bit: 0x8, what: 'zstd compression', linux: '6.10', utils: '1.8' },
];
const HAS_ALGORITHMS = 0x2;
/** Bit of `feature_compat`: the superblock has a checksum. */
const HAS_CHECKSUM = 0x1;
const [ZERO_PADDING, BLOCK_BITS] = [0x1, 12];

function erofsFeatures(superblock: Buffer): Feature[] {
  const incompat = superblock.readUInt32LE(80);
  const algorithms = incompat & HAS_ALGORITHMS ? superblock.readUInt16LE(84) : 0;
  const set = (mask: number) => (feature: Bit) => (mask & feature.bit) !== 0;
  const found: Feature[] = [
    ...EROFS.filter(set(incompat)),
    ...EROFS_ALGORITHMS.filter(set(algorithms)).map(({ what, linux, utils }) => ({ what, linux, utils })),
  ];
  const bits = superblock[12]!;
  const blocks = `blocks of ${2 ** bits} bytes`;
  if (bits > BLOCK_BITS) found.push({ what: blocks, linux: undefined });
  else if (bits < BLOCK_BITS)
    found.push(
      incompat & ZERO_PADDING
        ? { what: `compressed ${blocks}`, linux: '6.8', utils: '1.8' }
        : { what: blocks, linux: '6.4', utils: '1.6' },
    );
  return found;
}

/**
 * Whether the superblock of an erofs matches its checksum (fs/erofs/super.c, erofs_superblock_csum_verify); one without a
 * checksum counts as intact.
 */
export function isErofsIntact(reader: Reader): boolean {
  const { bytesAt } = boundedReads('erofs');
  const start = bytesAt(reader, 1024, 128);
  if ((start.readUInt32LE(8) & HAS_CHECKSUM) === 0) return true;
  const blockSize = 2 ** Math.min(start[12]!, 16);
  // a copy, because the bytes belong to the reader
  const block = Buffer.from(bytesAt(reader, 1024, blockSize > 1024 ? blockSize - 1024 : blockSize));
  const expected = block.readUInt32LE(4);
  block.writeUInt32LE(0, 4);
  return crc32c(block) === expected;
}

const CASTAGNOLI = 0x82f63b78;

/** CRC-32C without the final inversion, as erofs stores it. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
  }
  return crc >>> 0;
}

/** Compressors by their number (Linux fs/squashfs/squashfs_fs.h). Linux never had a decompressor for the second. */
const SQUASHFS: Readonly<Record<number, Feature>> = {
  2: { what: 'LZMA compression', linux: undefined },
  4: { what: 'xz compression', linux: '2.6.38' },
  5: { what: 'LZ4 compression', linux: '3.19' },
  6: { what: 'zstd compression', linux: '4.14' },
};
/** A loop device has whole sectors, and Linux reads a squashfs in larger units, of which the last too must be on the device. */
const [SECTOR, DEVICE_BLOCK] = [512, 1024];

function squashfsFeatures(superblock: Buffer, size: number): Feature[] {
  const compression = SQUASHFS[superblock.readUInt16LE(20)];
  const found = compression ? [compression] : [];
  const device = size - (size % SECTOR);
  if (device % DEVICE_BLOCK === 0 && Number(superblock.readBigUInt64LE(40)) <= device) return found;
  return [...found, { what: `a size that is not a multiple of ${DEVICE_BLOCK} bytes`, linux: undefined }];
}

/** `s_feature_incompat` (Linux fs/ext4/ext4.h). overlayfs refuses case-insensitive layers before 6.17 (fs/overlayfs/super.c). */
const EXT4: readonly Bit[] = [
  { bit: 0x1, what: 'compression', linux: undefined },
  { bit: 0x8, what: 'a journal for another device', linux: undefined },
  { bit: 0x2_0000, what: 'case-insensitive names (casefold)', linux: '6.17' },
];

function ext4Features(superblock: Buffer): Feature[] {
  const incompat = superblock.readUInt32LE(96);
  return EXT4.filter(({ bit }) => (incompat & bit) !== 0);
}
