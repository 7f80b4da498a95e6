import { createHash } from 'node:crypto';
import { FlixError } from '../errors.ts';
import type { Reader } from '../elf/reader.ts';
import type { Range } from './range.ts';

/** A dm-verity superblock (cryptsetup lib/verity/verity.c, struct verity_sb) and the layout of its tree. */
export interface Verity {
  readonly algorithm: string;
  readonly salt: Buffer;
  /** In bytes. */
  readonly dataBlock: number;
  readonly hashBlock: number;
  readonly dataBlocks: number;
  /** Bytes per digest in a hash block: the size of the digest, rounded up to a power of two. */
  readonly slot: number;
  /** Starts with level 0, the digests of data blocks. Offsets are in bytes of the hash partition. */
  readonly levels: readonly { readonly offset: number; readonly blocks: number }[];
  /** End of the tree, in bytes of the hash partition. */
  readonly end: number;
}

const SUPERBLOCK = 512;
const SIGNATURE = 'verity\0\0';
const BLOCK_SIZES = new Set([512, 1024, 2048, 4096]);
const DIGEST_SIZES: Readonly<Record<string, number>> = { sha1: 20, sha256: 32, sha512: 64 };

/** Reads the superblock. Throws `FlixError` `bad-verity` if there is none, or if it is for more data than there is. */
export function readVerity(hash: Reader, dataSize: number): Verity {
  if (hash.size < SUPERBLOCK) throw bad('the partition is too small');
  const block = Buffer.from(hash.read(0, SUPERBLOCK));
  if (block.toString('latin1', 0, 8) !== SIGNATURE) throw bad('it has no superblock');
  if (block.readUInt32LE(8) !== 1 || block.readUInt32LE(12) !== 1) throw bad('its version or type is not 1');
  const algorithm = block.toString('latin1', 32, 64).replace(/\0+$/, '');
  const digest = DIGEST_SIZES[algorithm];
  if (digest === undefined) throw bad('its hash algorithm is none of sha1, sha256, sha512');
  const [dataBlock, hashBlock] = [block.readUInt32LE(64), block.readUInt32LE(68)];
  if (!BLOCK_SIZES.has(dataBlock) || !BLOCK_SIZES.has(hashBlock)) throw bad('a block size is out of range');
  const dataBlocks = Number(block.readBigUInt64LE(72));
  const saltSize = block.readUInt16LE(80);
  if (dataBlocks < 1 || dataBlocks * dataBlock > dataSize) throw bad('it covers more data than there is');
  if (saltSize > 256) throw bad('its salt is too long');
  const slot = 2 ** Math.ceil(Math.log2(digest));
  const layout = layoutOf(dataBlocks, hashBlock, slot);
  if (layout.end > hash.size) throw bad('its tree is longer than the partition');
  const salt = block.subarray(88, 88 + saltSize);
  return { algorithm, salt, dataBlock, hashBlock, dataBlocks, slot, ...layout };
}

/** Computes the layout: levels follow the superblock from the top to level 0 (drivers/md/dm-verity-target.c, verity_ctr). */
function layoutOf(dataBlocks: number, hashBlock: number, slot: number): Pick<Verity, 'levels' | 'end'> {
  const counts: number[] = [];
  for (let below = dataBlocks; below > 1 || counts.length === 0; below = counts.at(-1)!)
    counts.push(Math.ceil((below * slot) / hashBlock));
  if (dataBlocks === 1) counts.pop();
  let end = hashBlock * Math.ceil(SUPERBLOCK / hashBlock);
  const levels = counts
    .reverse()
    .map(blocks => {
      const offset = end;
      end += blocks * hashBlock;
      return { offset, blocks };
    })
    .reverse();
  return { levels, end };
}

/** Returns the digest of a block of data or of the tree. */
export function blockDigest({ algorithm, salt }: Verity, block: Uint8Array): Buffer {
  return createHash(algorithm).update(salt).update(block).digest();
}

/** The UUID of the superblock is arbitrary, and no digest covers it. */
export const VERITY_UUID: Range = { offset: 16, length: 16 };
const SALT = 88;

/** Returns the ranges of the hash partition that have to be zero. */
export function verityPadding({ algorithm, salt, levels, end }: Verity, hash: Reader): Range[] {
  const tree = levels.at(-1)?.offset ?? end;
  const stretches = [
    [32 + algorithm.length, 64],
    [82, SALT],
    [SALT + salt.length, tree],
    [end, hash.size],
  ] as const;
  return stretches.map(([from, to]) => ({ offset: from, length: to - from }));
}

function bad(why: string): FlixError {
  return new FlixError('input', 'bad-verity', `the verity partition cannot be used: ${why}`);
}
