import { ATTRIBUTES } from '../view/attributes.ts';
import { boundedReads } from './bounded.ts';
import { hostile } from './entry.ts';

const { bad } = boundedReads('btrfs');

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

export interface Inode {
  /** With the kind. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
}

/** btrfs_inode_item */
export function inodeIn({ body }: Item): Inode {
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
