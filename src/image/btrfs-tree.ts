import { isImageAttribute } from '../view/attributes.ts';
import { boundedReads } from './bounded.ts';
import { hostile } from './entry.ts';
import type { Kind } from '../view/view.ts';
import type { Reader } from '../elf/reader.ts';

const { bad, bytesAt } = boundedReads('btrfs');

/** An item of a btrfs leaf (Linux include/uapi/linux/btrfs_tree.h, btrfs_header and btrfs_item). */
export interface Item {
  /** Inode number. */
  readonly inode: bigint;
  readonly type: number;
  readonly body: Buffer;
}

export const INODE_ITEM = 1;
export const XATTR_ITEM = 24;
export const DIR_INDEX = 96;

const HEADER = 101;
const ITEM = 25;
const INODE = 160;
/** Size of the fixed part that precedes a name and the value after it. */
const NAME = 30;

export function* itemsIn(leaf: Buffer): Iterable<Item> {
  const count = leaf.readUInt32LE(96);
  if (HEADER + count * ITEM > leaf.length) throw bad('a leaf is damaged');
  for (let i = 0; i < count; i++) {
    const at = HEADER + i * ITEM;
    const start = HEADER + leaf.readUInt32LE(at + 17);
    const end = start + leaf.readUInt32LE(at + 21);
    if (end > leaf.length) throw bad('a leaf is damaged');
    yield { inode: leaf.readBigUInt64LE(at), type: leaf[at + 8]!, body: leaf.subarray(start, end) };
  }
}

export interface BtrfsInode {
  /** Includes the file type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

/** Parses a btrfs_inode_item. */
export function inodeIn({ body }: Item): BtrfsInode {
  if (body.length < INODE) throw bad('an inode is damaged');
  return {
    mode: body.readUInt32LE(52),
    uid: body.readUInt32LE(44),
    gid: body.readUInt32LE(48),
    size: Number(body.readBigUInt64LE(16)),
  };
}

/** Parses one name in a directory (btrfs_dir_item). */
export function childIn({ body }: Item): { readonly name: string; readonly inode: bigint } {
  const { name, end } = namedIn(body);
  if (end !== body.length || body[8] !== INODE_ITEM)
    throw hostile('it contains subvolumes, or names that are ambiguous');
  return { name: name.toString(), inode: body.readBigUInt64LE(0) };
}

/** Yields the extended attributes that matter to an extension. One item has all attributes whose names share a hash. */
export function* attributesIn({ body }: Item, kind: Kind): Iterable<readonly [name: string, value: Buffer]> {
  for (let rest = body; rest.length > 0;) {
    const { name, value, end } = namedIn(rest);
    const text = name.toString('latin1');
    if (isImageAttribute(text, kind)) yield [text, value];
    rest = rest.subarray(end);
  }
}

function namedIn(body: Buffer): { readonly name: Buffer; readonly value: Buffer; readonly end: number } {
  if (body.length < NAME) throw bad('a name is damaged');
  const value = NAME + body.readUInt16LE(27);
  const end = value + body.readUInt16LE(25);
  if (end > body.length) throw bad('a name is damaged');
  return { name: body.subarray(NAME, value), value: body.subarray(value, end), end };
}

/** A range of logical addresses and the offsets of its copies in the image, all in bytes. */
interface Chunk {
  readonly logical: number;
  readonly length: number;
  readonly copies: readonly number[];
}

/** Matches a chunk in the output of `btrfs inspect-internal dump-tree -t chunk`. */
const CHUNK = /CHUNK_ITEM (\d+)\).*\n\s+length (\d+) .*\n(?:(?!\titem).*\n)*/g;
/** Offset of the leaf size in the image (Linux include/uapi/linux/btrfs_tree.h, btrfs_super_block). */
const NODE_SIZE = 0x10094;
const [MIN_NODE_SIZE, MAX_NODE_SIZE] = [4096, 65_536];
/** Offset of a leaf's own logical address in its header (btrfs_header). */
const ADDRESS = 48;

/**
 * Yields the leaves of a btrfs tree as they are stored. The btrfs tool prints where they are, but not everything that
 * they contain. Throws `FlixError` `bad-file-system`.
 *
 * @param tree the output of `dump-tree --hide-names`
 * @param chunks the output of `dump-tree -t chunk`
 */
export function* leavesOf(reader: Reader, tree: string, chunks: string): Iterable<Buffer> {
  const known = [...chunks.matchAll(CHUNK)].map(([text, logical, length]): Chunk => {
    const copies = [...text.matchAll(/stripe \d+ devid \d+ offset (\d+)/g)].map(([, at]) => Number(at));
    return { logical: Number(logical), length: Number(length), copies };
  });
  const size = bytesAt(reader, NODE_SIZE, 4).readUInt32LE(0);
  if (size < MIN_NODE_SIZE || size > MAX_NODE_SIZE) throw bad('its leaf size is out of range');
  for (const [, address] of tree.matchAll(/^leaf (\d+) items /gm))
    yield leafAt(reader, { address: Number(address), size }, known);
}

function leafAt(reader: Reader, leaf: { address: number; size: number }, chunks: readonly Chunk[]): Buffer {
  const { address, size } = leaf;
  const chunk = chunks.find(
    ({ logical, length }) => address >= logical && address + size <= logical + length,
  );
  if (!chunk) throw bad('a part of its tree is outside every chunk');
  const copies = chunk.copies.map(copy => bytesAt(reader, copy + address - chunk.logical, size));
  if (copies.some(copy => !copy.equals(copies[0]!))) throw bad('the copies of its tree differ');
  const [first] = copies;
  if (!first || Number(first.readBigUInt64LE(ADDRESS)) !== address)
    throw bad('a part of its tree is not where it should be');
  return first;
}
