import type { Reader } from '../../elf/reader.ts';
import { FlixError } from '../../errors.ts';
import { boundedReads } from '../bounded.ts';
import { featuresOf, isErofsIntact } from '../features.ts';

/** Superblock and inodes of an erofs image (Linux fs/erofs/erofs_fs.h). */

export const { bad, bytesAt } = boundedReads('erofs');

const SUPERBLOCK = 1024;
const INODE_UNIT = 32;
/** Later features, beginning with 48-bit addresses, change the inode. */
const UNDERSTOOD = 0x7f;
/** Bits of `feature_incompat`: compressed data is padded in front; there are fragments or deduplicated extents. */
export const [ZERO_PADDING, FRAGMENTS] = [0x1, 0x20];
/** Bit of `feature_incompat`: the superblock lists the compression algorithms; without it, there is only LZ4. */
const HAS_ALGORITHMS = 0x2;
/** Bit of the list of algorithms (`Z_EROFS_COMPRESSION_LZ4`). */
export const LZ4 = 1 << 0;
/** Data layouts of an inode (`i_format`). */
export const [FLAT_PLAIN, COMPRESSED_FULL, FLAT_INLINE, COMPRESSED_COMPACT, CHUNKED] = [0, 1, 2, 3, 4];
/** The fields of `i_u.c.format`: the size of a chunk as a power of two, in blocks, and whether its entries have eight bytes. */
const [CHUNK_BITS, CHUNK_INDEXES] = [0x1f, 0x20];
/** Completes `bad`. The kernel refuses such a file, too. */
export const UNKNOWN_LAYOUT = 'a file is stored in a way that flix does not know';
/** The block number of a chunk without data (`EROFS_NULL_ADDR`). */
export const HOLE = 0xffffffff;

/** Sizes of `erofs_xattr_ibody_header` and `erofs_xattr_entry`, in bytes. */
export const [ATTRIBUTES_HEADER, ATTRIBUTE_ENTRY] = [12, 4];

export interface ErofsSuperblock {
  /** In bytes. */
  readonly blockSize: number;
  /** Where inode 0 begins, in bytes. */
  readonly inodes: number;
  /** Where the shared extended attributes begin, in bytes. */
  readonly attributes: number;
  /** Number of the inode of the root. */
  readonly root: number;
  /** Seconds since 1970; the time of inodes that have none. */
  readonly buildTime: number;
  /** `feature_incompat` */
  readonly features: number;
  /** One bit for each compression algorithm that a file may use. */
  readonly algorithms: number;
  /** How many other devices hold data. */
  readonly devices: number;
}

export interface ErofsInode {
  /** `FLAT_PLAIN`, … or an unknown number. */
  readonly layout: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** In bytes; above 2^53, it is not exact. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** `i_u`: the block number of the data in the flat layouts, the format of the chunks in the chunked one. */
  readonly block: number;
  /** Offset of its extended attributes, in bytes. `tail` is where they end. */
  readonly attributes: number;
  readonly tail: number;
}

/** Reads the superblock. Throws `FlixError`: `bad-file-system`, `unknown-feature`. */
export function readSuperblock(reader: Reader): ErofsSuperblock {
  const block = bytesAt(reader, SUPERBLOCK, 128);
  const blockBits = block[12]!;
  if (blockBits < 9 || blockBits > 16) throw bad('its block size is out of range');
  const features = block.readUInt32LE(80);
  if ((features & ~UNDERSTOOD) !== 0) throw unknownFeatures(reader);
  const blockSize = 2 ** blockBits;
  return {
    blockSize,
    inodes: block.readUInt32LE(40) * blockSize,
    attributes: block.readUInt32LE(44) * blockSize,
    root: block.readUInt16LE(14),
    buildTime: Number(block.readBigUInt64LE(24)),
    features,
    algorithms: features & HAS_ALGORITHMS ? block.readUInt16LE(84) : LZ4,
    devices: block.readUInt16LE(86),
  };
}

/** If the superblock matches its checksum, the image is not damaged, but flix is too old. */
function unknownFeatures(reader: Reader): FlixError {
  const names = featuresOf(reader, 'erofs')
    .filter(({ bit = 0 }) => (bit & ~UNDERSTOOD) !== 0)
    .map(({ what }) => what);
  const what = names.join(' and ') || 'features of a later Linux than 6.17';
  if (!isErofsIntact(reader)) return bad(`it uses ${what}, or its superblock is damaged`);
  return new FlixError(
    'missing',
    'unknown-feature',
    `the erofs file system uses ${what}, which this version of flix cannot read`,
    'Mount the image and name the directory instead, or make the image without this feature.',
  );
}

/** Reads an inode. Throws `FlixError` `bad-file-system`. @param nid its number */
export function readInode(reader: Reader, { inodes, buildTime }: ErofsSuperblock, nid: number): ErofsInode {
  const offset = inodes + nid * INODE_UNIT;
  const format = bytesAt(reader, offset, 2).readUInt16LE(0);
  const extended = (format & 1) === 1;
  const inode = bytesAt(reader, offset, extended ? 64 : 32);
  const attributes = offset + inode.length;
  return {
    layout: (format >> 1) & 7,
    mode: inode.readUInt16LE(4),
    uid: extended ? inode.readUInt32LE(24) : inode.readUInt16LE(24),
    gid: extended ? inode.readUInt32LE(28) : inode.readUInt16LE(26),
    size: extended ? Number(inode.readBigUInt64LE(8)) : inode.readUInt32LE(8),
    mtime: extended ? Number(inode.readBigUInt64LE(32)) : buildTime,
    block: inode.readUInt32LE(16),
    attributes,
    tail: attributes + attributesSize(inode.readUInt16LE(2)),
  };
}

/** Returns the size of the extended attributes of an inode, in bytes (erofs_xattr_ibody_size). @param count `i_xattr_icount` */
function attributesSize(count: number): number {
  return count === 0 ? 0 : ATTRIBUTES_HEADER + ATTRIBUTE_ENTRY * (count - 1);
}

/** The data of a file in the chunked layout (`erofs_inode_chunk_index`, or block numbers alone). */
export interface Chunks {
  /** Of a chunk, in bytes; the last one of a file may be shorter. */
  readonly size: number;
  readonly count: number;
  /** Of the table that lists the chunks, in bytes. */
  readonly tableSize: number;
  /** Returns the number of the first block of a chunk, or `HOLE`. Throws `FlixError` `bad-file-system`. */
  readonly blockAt: (index: number) => number;
}

export function chunksOf(
  reader: Reader,
  { blockSize }: ErofsSuperblock,
  { size, block: format, tail }: ErofsInode,
): Chunks {
  const chunk = blockSize * 2 ** (format & CHUNK_BITS);
  const unit = format & CHUNK_INDEXES ? 8 : 4;
  const table = Math.ceil(tail / unit) * unit;
  const count = Math.ceil(size / chunk);
  // the block number is the last field of an entry
  const blockAt = (index: number) => bytesAt(reader, table + (index + 1) * unit - 4, 4).readUInt32LE(0);
  return { size: chunk, count, tableSize: count * unit, blockAt };
}
