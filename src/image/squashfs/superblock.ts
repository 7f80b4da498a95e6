import type { Reader } from '../../elf/reader.ts';
import { blockAt, bytesAt, HEADER, numberAt } from './blocks.ts';

/** Offsets of the metadata tables, in bytes, and their compression (Linux fs/squashfs/squashfs_fs.h, squashfs_super_block). */
export interface SquashfsSuperblock {
  readonly compression: number;
  /** The compressor options as stored; empty if there are none. */
  readonly options: Buffer;
  /** A reference to the inode of the root. */
  readonly root: number;
  readonly inodes: number;
  readonly directories: number;
  /** `undefined` if no file has extended attributes. */
  readonly attributes: number | undefined;
}

export const SUPERBLOCK = 96;
export const HAS_OPTIONS = 0x400;
/** The offset given for a table that does not exist. */
export const NONE = 0xffff_ffff_ffff_ffffn;

/** Throws `FlixError` `bad-file-system`. */
export function readSuperblock(reader: Reader): SquashfsSuperblock {
  const block = bytesAt(reader, 0, SUPERBLOCK);
  const hasOptions = (block.readUInt16LE(24) & HAS_OPTIONS) !== 0;
  return {
    compression: block.readUInt16LE(20),
    options: hasOptions ? optionsOf(reader) : Buffer.alloc(0),
    root: numberAt(block, 32),
    inodes: numberAt(block, 64),
    directories: numberAt(block, 72),
    attributes: tableAt(block, 56),
  };
}

function optionsOf(reader: Reader): Buffer {
  return bytesAt(reader, SUPERBLOCK, HEADER + blockAt(reader, SUPERBLOCK).content.length);
}

/** Returns the offset of the next table, whichever it is; the index of each gives its first block. Throws `FlixError`. */
export function endOfDirectories(reader: Reader): number {
  const block = bytesAt(reader, 0, SUPERBLOCK);
  const fragments = block.readUInt32LE(16) > 0 ? tableAt(block, 80) : undefined;
  const indexes = [fragments, tableAt(block, 88), tableAt(block, 48)];
  return Math.min(
    ...indexes.flatMap(index => (index === undefined ? [] : [numberAt(bytesAt(reader, index, 8), 0)])),
  );
}

function tableAt(block: Buffer, offset: number): number | undefined {
  return block.readBigUInt64LE(offset) === NONE ? undefined : numberAt(block, offset);
}
