import { BLOCK_SIZE, type Block, STORED } from './blocks.ts';
import { HAS_OPTIONS, NONE, SUPERBLOCK, type SquashfsSuperblock } from './superblock.ts';

/** Name of the only file in the image. */
export const CARRIED = 'blocks';

const MAGIC = 0x73717368;
const VERSION = 4;
const [DIRECTORY, FILE] = [1, 2];
const [ROOT_INODE, FILE_INODE] = [1, 2];
/** Size in bytes, and so the offset of the file's inode. */
const ROOT_INODE_SIZE = 32;
const DATA_STORED = 0x1000000;
const NO_FRAGMENT = 0xffffffff;
/** Inodes are stored uncompressed; there are no fragments and no extended attributes. */
const FLAGS = 0x211;

/**
 * Makes a squashfs whose only file consists of the metadata blocks of another squashfs, `BLOCK_SIZE` bytes each. squashfs
 * compresses data and metadata in the same way, so unpacking this image decompresses them, whatever the compressor (Linux
 * fs/squashfs/squashfs_fs.h).
 */
export function carrierOf(blocks: readonly Block[], { compression, options }: SquashfsSuperblock): Buffer {
  const start = SUPERBLOCK + options.length;
  const data = Buffer.concat(blocks.map(block => (block.compressed ? block.content : full(block))));
  const inodes = stored(Buffer.concat([rootInode(), fileInode(start, blocks)]));
  const directory = stored(listing());
  const owners = stored(words([0]));
  const inodeTable = start + data.length;
  const directoryTable = inodeTable + inodes.length;
  const ownerBlock = directoryTable + directory.length;
  const ownerTable = ownerBlock + owners.length;
  const flags = options.length > 0 ? FLAGS | HAS_OPTIONS : FLAGS;
  const superblock = [
    words([MAGIC, FILE_INODE, 0, BLOCK_SIZE, 0]),
    halves([compression, Math.log2(BLOCK_SIZE), flags, 1, VERSION, 0]),
    longs([0, ownerTable + 8, ownerTable, NONE, inodeTable, directoryTable, NONE, NONE]),
  ];
  return Buffer.concat([...superblock, options, data, inodes, directory, owners, longs([ownerBlock])]);
}

function full({ content }: Block): Buffer {
  return Buffer.concat([content], BLOCK_SIZE);
}

/** The inode of the root directory. It and its listing are the first in their tables. */
function rootInode(): Buffer {
  const size = listing().length + 3; // `.` and `..`, which are not stored
  return Buffer.concat([
    inode(DIRECTORY, 0o700, ROOT_INODE),
    words([0, 2]),
    halves([size, 0]),
    words([FILE_INODE + 1]),
  ]);
}

function fileInode(start: number, blocks: readonly Block[]): Buffer {
  const sizes = blocks.map(({ compressed, content }) =>
    compressed ? content.length : DATA_STORED | BLOCK_SIZE,
  );
  const content = words([start, NO_FRAGMENT, 0, blocks.length * BLOCK_SIZE, ...sizes]);
  return Buffer.concat([inode(FILE, 0o600, FILE_INODE), content]);
}

function inode(kind: number, mode: number, number: number): Buffer {
  return Buffer.concat([halves([kind, mode, 0, 0]), words([0, number])]);
}

function listing(): Buffer {
  const entry = halves([ROOT_INODE_SIZE, FILE_INODE - ROOT_INODE, FILE, CARRIED.length - 1]);
  return Buffer.concat([words([0, 0, ROOT_INODE]), entry, Buffer.from(CARRIED)]);
}

/** Returns the content as uncompressed metadata blocks. */
function stored(content: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < content.length; at += BLOCK_SIZE) {
    const block = content.subarray(at, at + BLOCK_SIZE);
    blocks.push(halves([STORED | block.length]), block);
  }
  return Buffer.concat(blocks);
}

function halves(values: readonly number[]): Buffer {
  return packed(2, values, (bytes, value, at) => bytes.writeUInt16LE(value, at));
}

function words(values: readonly number[]): Buffer {
  return packed(4, values, (bytes, value, at) => bytes.writeUInt32LE(value, at));
}

function longs(values: readonly (number | bigint)[]): Buffer {
  return packed(8, values, (bytes, value, at) => bytes.writeBigUInt64LE(BigInt(value), at));
}

function packed<T>(
  size: number,
  values: readonly T[],
  write: (bytes: Buffer, value: T, at: number) => void,
): Buffer {
  const bytes = Buffer.alloc(size * values.length);
  for (const [i, value] of values.entries()) write(bytes, value, i * size);
  return bytes;
}
