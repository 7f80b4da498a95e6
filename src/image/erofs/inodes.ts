import type { Reader } from '../../elf/reader.ts';
import { FlixError } from '../../errors.ts';
import type { Kind } from '../../view/view.ts';
import { boundedReads } from '../bounded.ts';
import { featuresOf, isErofsIntact } from '../features.ts';

/** Superblock and inodes of an erofs image (Linux fs/erofs/erofs_fs.h). */

export const { bad, bytesAt } = boundedReads('erofs');

const SUPERBLOCK = 1024;
const INODE_UNIT = 32;
/** Later features, beginning with 48-bit addresses, change the inode. */
const UNDERSTOOD = 0x7f;
/** `feature_incompat`: compressed data is padded in front; there are fragments or deduplicated extents; there is a list of algorithms. */
export const [ZERO_PADDING, FRAGMENTS] = [0x1, 0x20];
const HAS_ALGORITHMS = 0x2;
/** Data layouts of an inode (`i_format`). */
export const [FLAT_PLAIN, COMPRESSED_FULL, FLAT_INLINE, COMPRESSED_COMPACT, CHUNKED] = [0, 1, 2, 3, 4];
/** The fields of `i_u.c.format`: the size of a chunk as a power of two, in blocks, and whether its entries have eight bytes. */
const [CHUNK_BITS, CHUNK_INDEXES] = [0x1f, 0x20];
export const HOLE = 0xffffffff;

const HEADER = 12;
const ENTRY = 4;

export interface ErofsSuperblock {
  readonly blockSize: number;
  /** In bytes. */
  readonly inodes: number;
  /** In bytes. */
  readonly attributes: number;
  /** Number of the inode of the root. */
  readonly root: number;
  readonly buildTime: number;
  /** `feature_incompat` */
  readonly features: number;
  /** Bits of the compression algorithms; LZ4 is the first. */
  readonly algorithms: number;
  /** How many other devices hold data. */
  readonly devices: number;
}

export interface ErofsInode {
  readonly layout: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** Block number of the data in the flat layouts. */
  readonly block: number;
  /** Offset of its extended attributes, in bytes. `tail` is where they end. */
  readonly attributes: number;
  readonly tail: number;
}

/** Throws `FlixError`: `bad-file-system`, `unknown-feature`. */
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
    algorithms: features & HAS_ALGORITHMS ? block.readUInt16LE(84) : 1,
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

/** @param nid number of the inode. Throws `FlixError` `bad-file-system`. */
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

/** @param count `i_xattr_icount` of the inode @returns in bytes */
function attributesSize(count: number): number {
  return count === 0 ? 0 : HEADER + ENTRY * (count - 1);
}

/** Returns the kind that the `S_IFMT` bits of a mode stand for. */
export function kindOfMode(mode: number): Kind {
  switch (mode >> 12) {
    case 0o10:
      return 'file';
    case 0o04:
      return 'directory';
    case 0o12:
      return 'link';
    default:
      return 'other';
  }
}

export interface Chunks {
  /** In bytes. */
  readonly size: number;
  /** The number of the first block of each, or `HOLE`. */
  readonly blocks: readonly number[];
}

/** Reads where the chunks of a file in the chunked layout are. Throws `FlixError` `bad-file-system`. */
export function readChunks(
  reader: Reader,
  { blockSize }: ErofsSuperblock,
  { size, block: format, tail }: ErofsInode,
): Chunks {
  const chunk = blockSize * 2 ** (format & CHUNK_BITS);
  const unit = format & CHUNK_INDEXES ? 8 : 4;
  const count = Math.ceil(size / chunk);
  const table = bytesAt(reader, Math.ceil(tail / unit) * unit, count * unit);
  // the block number is the last field of an entry
  const blocks = Array.from({ length: count }, (_, i) => table.readUInt32LE((i + 1) * unit - 4));
  return { size: chunk, blocks };
}
