import type { Reader } from '../../elf/reader.ts';
import { ATTRIBUTES, LABEL } from '../../view/attributes.ts';
import {
  type Block,
  BLOCK_SIZE,
  blocksBetween,
  bytesAt,
  damaged,
  indexedBlocks,
  numberAt,
} from './blocks.ts';
import type { Metadata } from './metadata.ts';

/** The attribute tables of a squashfs. Each inode refers to one list of names and values (Linux fs/squashfs/xattr.c). */
export interface AttributeTables {
  readonly count: number;
  /** Where each list begins and its number of attributes (squashfs_xattr_id). */
  readonly starts: readonly Block[];
  readonly values: readonly Block[];
}

/** Labels are included here because files share their lists, so that labels take little room. */
const WANTED = new Set([...ATTRIBUTES, LABEL]);

const HEAD = 16;
const START = 16;
const [ENTRY, SIZE, REFERENCE] = [4, 4, 8];
/** Numbers that stand for the prefix of a name; attributes with other prefixes are ignored. */
const PREFIXES: Readonly<Record<number, string>> = { 0: 'user.', 1: 'trusted.', 2: 'security.' };
const PREFIX = 0xff;
/** Flag: instead of the value, the entry has a reference to a value that several lists share. */
const ELSEWHERE = 0x100;

/** @param offset offset of the index table in the image, in bytes */
export function attributeTables(reader: Reader, offset: number): AttributeTables {
  const head = bytesAt(reader, offset, HEAD);
  const count = head.readUInt32LE(8);
  const starts = indexedBlocks(reader, offset + HEAD, Math.ceil((count * START) / BLOCK_SIZE));
  return { count, starts, values: blocksBetween(reader, numberAt(head, 0), starts[0]?.offset ?? 0) };
}

/** Returns the attributes that matter to an extension, by list number; lists without any are omitted. */
export function attributeLists(
  count: number,
  starts: Metadata,
  values: Metadata,
): ReadonlyMap<number, ReadonlyMap<string, Buffer>> {
  const found = new Map<number, ReadonlyMap<string, Buffer>>();
  let entries = 0;
  for (let i = 0; i < count; i++) {
    const start = starts.bytes(i * START, START);
    const length = start.readUInt32LE(8);
    // lists that overlap could make this endless
    entries += length;
    if (entries * (ENTRY + SIZE) > values.length) throw damaged('its extended attributes overlap');
    const attributes = listAt(values, values.find(numberAt(start, 0)), length);
    if (attributes.size > 0) found.set(i, attributes);
  }
  return found;
}

function listAt(values: Metadata, start: number, length: number): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  let at = start;
  const take = (size: number) => values.bytes((at += size) - size, size);
  for (let i = 0; i < length; i++) {
    const entry = take(ENTRY);
    const type = entry.readUInt16LE(0);
    const name = `${PREFIXES[type & PREFIX]}${take(entry.readUInt16LE(2)).toString('latin1')}`;
    const value = take(take(SIZE).readUInt32LE(0));
    // Linux uses the first of two attributes with the same name
    if (WANTED.has(name) && !found.has(name))
      found.set(name, type & ELSEWHERE ? valueAt(values, value) : value);
  }
  return found;
}

function valueAt(values: Metadata, reference: Buffer): Buffer {
  if (reference.length !== REFERENCE) throw damaged('an extended attribute has a bad reference');
  const at = values.find(numberAt(reference, 0));
  return values.bytes(at + SIZE, values.bytes(at, SIZE).readUInt32LE(0));
}
