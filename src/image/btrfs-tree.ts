import { ATTRIBUTES } from '../view/attributes.ts';
import { boundedReads } from './bounded.ts';
import { hostile } from './entry.ts';
import type { Reader } from '../elf/reader.ts';

const { bad, bytesAt } = boundedReads('btrfs');

/** Items of a leaf of btrfs (Linux include/uapi/linux/btrfs_tree.h, btrfs_header and btrfs_item). */
export interface Item {
  /** The number of an inode. */
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
/** Before a name, and the value behind it. */
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
  /** With the kind. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

/** btrfs_inode_item */
export function inodeIn({ body }: Item): BtrfsInode {
  if (body.length < INODE) throw bad('an inode is damaged');
  return {
    mode: body.readUInt32LE(52),
    uid: body.readUInt32LE(44),
    gid: body.readUInt32LE(48),
    size: Number(body.readBigUInt64LE(16)),
  };
}

/** What a directory holds under one name (btrfs_dir_item). */
export function childIn({ body }: Item): { readonly name: string; readonly inode: bigint } {
  const { name, end } = namedIn(body);
  if (end !== body.length || body[8] !== INODE_ITEM)
    throw hostile('it holds subvolumes, or names that cannot be told apart');
  return { name: name.toString(), inode: body.readBigUInt64LE(0) };
}

/** Extended attributes that tell something of an extension: one item has those of names with the same hash. */
export function* attributesIn({ body }: Item): Iterable<readonly [name: string, value: Buffer]> {
  for (let rest = body; rest.length > 0;) {
    const { name, value, end } = namedIn(rest);
    const text = name.toString('latin1');
    if (ATTRIBUTES.includes(text)) yield [text, value];
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
