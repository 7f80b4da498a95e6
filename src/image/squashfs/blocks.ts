import type { FlixError } from '../../errors.ts';
import type { Reader } from '../../elf/reader.ts';
import { boundedReads } from '../bounded.ts';

export const { bad: damaged, bytesAt } = boundedReads('squashfs');

/** What a block of metadata holds when it is decompressed, in bytes; the last of a table may hold less. */
export const BLOCK_SIZE = 8192;
/** Two bytes before each block: its length, and whether it is stored as it is (Linux fs/squashfs/squashfs_fs.h). */
export const HEADER = 2;
export const STORED = 0x8000;
/** A million files have a quarter of that. */
const MAX_BLOCKS = 32_768;

/** A block of metadata as it lies in the image. */
export interface Block {
  /** Of its header, in bytes of the image. */
  readonly offset: number;
  readonly compressed: boolean;
  readonly content: Buffer;
}

/** All blocks of a table, which lie one behind the other. Throws `FlixError` `bad-file-system`. */
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

/** The blocks of a table that an index names, one number of 64 bits for each. Throws `FlixError` `bad-file-system`. */
export function indexedBlocks(reader: Reader, index: number, count: number): Block[] {
  if (count > MAX_BLOCKS) throw tooLong();
  const offsets = bytesAt(reader, index, count * 8);
  return Array.from({ length: count }, (_, i) => blockAt(reader, numberAt(offsets, i * 8)));
}

export function blockAt(reader: Reader, offset: number): Block {
  const header = bytesAt(reader, offset, HEADER).readUInt16LE(0);
  const length = header & ~STORED;
  if (length === 0 || length > BLOCK_SIZE) throw damaged('a block of metadata has no possible length');
  const content = bytesAt(reader, offset + HEADER, length);
  return { offset, compressed: (header & STORED) === 0, content };
}

/** Of 64 bits; what is no place in any image is refused where it is used. */
export function numberAt(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset));
}

function tooLong(): FlixError {
  return damaged(`a table of it has more than ${MAX_BLOCKS} blocks`);
}
