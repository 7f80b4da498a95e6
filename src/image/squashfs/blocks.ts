import type { FlixError } from '../../errors.ts';
import type { Reader } from '../../elf/reader.ts';
import { boundedReads } from '../bounded.ts';

export const { bad: damaged, bytesAt } = boundedReads('squashfs');

/** Size of a decompressed metadata block, in bytes; the last block of a table may be shorter. */
export const BLOCK_SIZE = 8192;
/** The two bytes before each block: its length, and whether it is stored uncompressed (Linux fs/squashfs/squashfs_fs.h). */
export const HEADER = 2;
export const STORED = 0x8000;
/** A million files need a quarter of this. */
const MAX_BLOCKS = 32_768;

/** A metadata block as it is stored in the image. */
export interface Block {
  /** Offset of its header in the image, in bytes. */
  readonly offset: number;
  readonly compressed: boolean;
  readonly content: Buffer;
}

/** Reads all blocks of a table, which are stored one after the other. Throws `FlixError` `bad-file-system`. */
export function blocksBetween(reader: Reader, start: number, end: number): Block[] {
  const blocks: Block[] = [];
  for (let at = start; at < end;) {
    const block = blockAt(reader, at);
    blocks.push(block);
    if (blocks.length > MAX_BLOCKS) throw tooLong();
    at += HEADER + block.content.length;
  }
  return blocks;
}

/** Reads the blocks of a table through its index of 64-bit offsets. Throws `FlixError` `bad-file-system`. */
export function indexedBlocks(reader: Reader, index: number, count: number): Block[] {
  if (count > MAX_BLOCKS) throw tooLong();
  const offsets = bytesAt(reader, index, count * 8);
  return Array.from({ length: count }, (_, i) => blockAt(reader, numberAt(offsets, i * 8)));
}

export function blockAt(reader: Reader, offset: number): Block {
  const header = bytesAt(reader, offset, HEADER).readUInt16LE(0);
  const length = header & ~STORED;
  if (length === 0 || length > BLOCK_SIZE) throw damaged('the length of a metadata block is out of range');
  const content = bytesAt(reader, offset + HEADER, length);
  return { offset, compressed: (header & STORED) === 0, content };
}

/** Reads a 64-bit number. Impossible offsets are refused where they are used. */
export function numberAt(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset));
}

function tooLong(): FlixError {
  return damaged(`one of its tables has more than ${MAX_BLOCKS} blocks`);
}
