import type { Reader } from '../elf/reader.ts';
import { boundedReads } from './bounded.ts';

const { bad, bytesAt } = boundedReads('btrfs');

/** A stretch of logical addresses, and where its copies lie in the image, all in bytes. */
interface Chunk {
  readonly logical: number;
  readonly length: number;
  readonly copies: readonly number[];
}

/** Of `btrfs inspect-internal dump-tree -t chunk`. */
const CHUNK = /CHUNK_ITEM (\d+)\).*\n\s+length (\d+) .*\n(?:(?!\titem).*\n)*/g;
/** Of the superblock: the size of a leaf (Linux include/uapi/linux/btrfs_tree.h, btrfs_super_block). */
const NODE_SIZE = 0x10094;
const [MIN_NODE_SIZE, MAX_NODE_SIZE] = [4096, 65_536];
/** Of the head of a leaf: its own logical address (btrfs_header). */
const ADDRESS = 48;

/**
 * The leaves of a tree of a btrfs as they are stored: btrfs tells where they are, and does not print all that is in them.
 * Throws `FlixError` `bad-file-system`.
 *
 * @param tree what `dump-tree --hide-names` prints of it
 * @param chunks what `dump-tree -t chunk` prints
 */
export function* leavesOf(reader: Reader, tree: string, chunks: string): Iterable<Buffer> {
  const known = [...chunks.matchAll(CHUNK)].map(([text, logical, length]): Chunk => {
    const copies = [...text.matchAll(/stripe \d+ devid \d+ offset (\d+)/g)].map(([, at]) => Number(at));
    return { logical: Number(logical), length: Number(length), copies };
  });
  const size = bytesAt(reader, NODE_SIZE, 4).readUInt32LE(0);
  if (size < MIN_NODE_SIZE || size > MAX_NODE_SIZE) throw bad('its leaves have no possible size');
  for (const [, address] of tree.matchAll(/^leaf (\d+) items /gm))
    yield leafAt(reader, { address: Number(address), size }, known);
}

function leafAt(reader: Reader, leaf: { address: number; size: number }, chunks: readonly Chunk[]): Buffer {
  const { address, size } = leaf;
  const chunk = chunks.find(
    ({ logical, length }) => address >= logical && address + size <= logical + length,
  );
  if (!chunk) throw bad('a part of its tree is nowhere');
  const copies = chunk.copies.map(copy => bytesAt(reader, copy + address - chunk.logical, size));
  if (copies.some(copy => !copy.equals(copies[0]!))) throw bad('the copies of its tree differ');
  const [first] = copies;
  if (!first || Number(first.readBigUInt64LE(ADDRESS)) !== address)
    throw bad('a part of its tree is not where it should be');
  return first;
}
