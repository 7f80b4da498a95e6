import type { Reader } from '../../elf/reader.ts';
import { isImageAttribute } from '../../view/attributes.ts';
import type { Kind } from '../../view/view.ts';
import { EntryBudget, hostile, type ImageEntry, kindOfMode, PATH_MAX } from '../entry.ts';
import { EntryTable } from '../entry-table.ts';
import {
  ATTRIBUTE_ENTRY,
  ATTRIBUTES_HEADER,
  bad,
  bytesAt,
  CHUNKED,
  chunksOf,
  type ErofsInode,
  type ErofsSuperblock,
  FLAT_INLINE,
  FLAT_PLAIN,
  HOLE,
  readInode,
  readSuperblock,
} from './inodes.ts';

/** Reads the names of an erofs image. Directories are never compressed, so this needs no tool. */

const DIRENT = 12;
const MAX_DIRECTORY = 64 * 1024 * 1024;
/** How much is read of a shared extended attribute, in bytes. */
const MAX_SHARED = 512;

/**
 * Lists every entry of the image, the root first; their places are the numbers of their inodes. Throws `FlixError`:
 * `bad-file-system`, `hostile-image`, `unknown-feature`.
 */
export function listErofs(reader: Reader): EntryTable {
  const superblock = readSuperblock(reader);
  const entries = new EntryTable();
  const entered = new Set<number>();
  const budget = new EntryBudget();
  const tables = new TableReader(reader, superblock);
  const todo = [{ path: '/', nid: superblock.root }];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { path, nid } = next;
    const inode = readInode(reader, superblock, nid);
    const entry = describe(reader, superblock, path, inode);
    if (entry.link !== undefined) budget.takeLink(entry.link.length);
    entries.add({ ...entry, ...tables.details(nid, inode) }, nid);
    if (entry.kind !== 'directory') continue;
    if (entered.has(nid)) throw hostile(`${path} is a directory that is reached twice`);
    entered.add(nid);
    const children = tables.directory(inode).map(({ name, nid: child }) => {
      if (name.includes('/')) throw hostile(`it contains ${JSON.stringify(name)} as a name`);
      budget.take(path.length + 1 + name.length);
      return { path: path === '/' ? `/${name}` : `${path}/${name}`, nid: child };
    });
    // one by one, because the number of arguments of a call is limited
    for (const child of children.reverse()) todo.push(child);
  }
  return entries;
}

function describe(reader: Reader, superblock: ErofsSuperblock, path: string, inode: ErofsInode): ImageEntry {
  const kind = kindOfMode(inode.mode);
  const { uid, gid, mtime, mode } = inode;
  // for a device, this field does not hold the size
  const size = kind === 'other' ? 0 : inode.size;
  if (kind === 'link' && size > PATH_MAX) throw bad(`the link ${path} is too long`);
  const link = kind === 'link' ? { link: content(reader, superblock, inode).toString() } : {};
  return {
    path,
    kind,
    mode: mode & 0o7777,
    uid,
    gid,
    size,
    mtime,
    ...link,
  };
}

/** What the parts of an inode whose size varies say of an entry. */
type Details = Pick<ImageEntry, 'attributes' | 'holeFrom'>;

/**
 * Reads directories and the parts of inodes whose size varies: extended attributes and tables of chunks. Reads those of an
 * inode once, since a million names may belong to it. Those of two inodes never overlap, so an image in which all of them
 * together are larger than itself was made to take forever.
 */
class TableReader {
  readonly #reader: Reader;
  readonly #superblock: ErofsSuperblock;
  readonly #known = new Map<number, Details>();
  #left: number;

  constructor(reader: Reader, superblock: ErofsSuperblock) {
    this.#reader = reader;
    this.#superblock = superblock;
    this.#left = reader.size;
  }

  /** Throws `FlixError`: `bad-file-system`, `hostile-image`. @param nid the number of the inode */
  details(nid: number, inode: ErofsInode): Details {
    const kind = kindOfMode(inode.mode);
    const isChunked = kind === 'file' && inode.layout === CHUNKED;
    if (inode.tail === inode.attributes && !isChunked) return {};
    const known = this.#known.get(nid);
    if (known) return known;
    this.#take(inode.tail - inode.attributes);
    const attributes = readAttributes(this.#reader, this.#superblock, inode, kind);
    const holeFrom = isChunked ? this.#holeOf(inode) : undefined;
    const details = { ...(attributes && { attributes }), ...(holeFrom !== undefined && { holeFrom }) };
    this.#known.set(nid, details);
    return details;
  }

  /** Throws `FlixError`: `bad-file-system`, `hostile-image`. */
  directory(inode: ErofsInode): readonly Dirent[] {
    if (inode.size > MAX_DIRECTORY) throw bad('a directory is too large');
    this.#take(inode.size);
    return direntsIn(content(this.#reader, this.#superblock, inode), this.#superblock.blockSize);
  }

  /** Returns the offset behind the last chunk that is not a hole; `undefined` if the file does not end with a hole. */
  #holeOf(inode: ErofsInode): number | undefined {
    const { size, count, tableSize, blockAt } = chunksOf(this.#reader, this.#superblock, inode);
    this.#take(tableSize);
    let end = count;
    while (end > 0 && blockAt(end - 1) === HOLE) end--;
    return end < count ? end * size : undefined;
  }

  /** @param size in bytes */
  #take(size: number): void {
    this.#left -= size;
    if (this.#left < 0) throw hostile('its directories and inodes are larger than itself');
  }
}

/** Returns the extended attributes that matter to an extension; `undefined` if there are none. */
function readAttributes(
  reader: Reader,
  superblock: ErofsSuperblock,
  { attributes, tail }: ErofsInode,
  kind: Kind,
) {
  return attributesIn(bytesAt(reader, attributes, tail - attributes), kind, id => {
    const at = superblock.attributes + id * 4;
    return bytesAt(reader, at, Math.min(MAX_SHARED, reader.size - at));
  });
}

/** Reads a directory or link: whole blocks, then the rest from behind the inode or from a block of its own. */
function content(
  reader: Reader,
  { blockSize }: ErofsSuperblock,
  { layout, size, block, tail }: ErofsInode,
): Buffer {
  if (layout === FLAT_PLAIN) return bytesAt(reader, block * blockSize, size);
  if (layout !== FLAT_INLINE) throw bad('a directory or link is stored in a way that flix does not know');
  const whole = size - (size % blockSize);
  return Buffer.concat([
    whole > 0 ? bytesAt(reader, block * blockSize, whole) : Buffer.alloc(0),
    bytesAt(reader, tail, size - whole),
  ]);
}

/** `erofs_dirent` with its name. */
interface Dirent {
  readonly name: string;
  /** The number of its inode. */
  readonly nid: number;
}

/**
 * Returns the entries of a directory but `.` and `..`. Each of its blocks begins with an array of 12 bytes per entry: inode
 * number (8), offset of the name in the block (2), type; the names follow. The first offset tells how many there are (Linux
 * fs/erofs/dir.c).
 */
function direntsIn(all: Buffer, blockSize: number): Dirent[] {
  const entries: Dirent[] = [];
  for (let at = 0; at < all.length; at += blockSize) {
    const block = all.subarray(at, at + blockSize);
    const count = block.length < DIRENT ? 0 : Math.floor(block.readUInt16LE(8) / DIRENT);
    if (count === 0 || count * DIRENT > block.length) throw bad('a directory is damaged');
    for (let i = 0; i < count; i++) {
      const start = block.readUInt16LE(i * DIRENT + 8);
      const end = i + 1 < count ? block.readUInt16LE((i + 1) * DIRENT + 8) : block.length;
      if (start < count * DIRENT || end <= start || end > block.length) throw bad('a directory is damaged');
      // the last name of a block may be followed by zeros
      const name = block.toString('utf8', start, end).replace(/\0+$/, '');
      if (name === '.' || name === '..') continue;
      entries.push({ name, nid: Number(block.readBigUInt64LE(i * DIRENT)) });
    }
  }
  return entries;
}

/** `e_name_index`. Longer prefixes exist only if they were requested when the image was made. */
const PREFIXES: Readonly<Record<number, string>> = { 1: 'user.', 4: 'trusted.', 6: 'security.' };

/**
 * Returns the attributes that matter to an extension; `undefined` if the inode has none of them.
 *
 * @param body the bytes after the inode, of the size that the inode gives
 * @param shared reads an entry of the table of shared attributes; its argument is an offset in units of four bytes
 */
function attributesIn(
  body: Buffer,
  kind: Kind,
  shared: (id: number) => Buffer,
): ReadonlyMap<string, Buffer> | undefined {
  if (body.length < ATTRIBUTES_HEADER) return undefined;
  const found = new Map<string, Buffer>();
  const take = (entry: Buffer): number => {
    const [length, prefix] = [entry[0] ?? 0, PREFIXES[entry[1] ?? 0]];
    const value = ATTRIBUTE_ENTRY + length;
    const end = value + (entry.length < ATTRIBUTE_ENTRY ? 0 : entry.readUInt16LE(2));
    const name = `${prefix}${entry.toString('latin1', ATTRIBUTE_ENTRY, value)}`;
    if (end <= entry.length && isImageAttribute(name, kind))
      found.set(name, Buffer.from(entry.subarray(value, end)));
    return (end + 3) & ~3;
  };
  const sharedEnd = ATTRIBUTES_HEADER + ATTRIBUTE_ENTRY * body[4]!;
  for (
    let at = ATTRIBUTES_HEADER;
    at < sharedEnd && at + ATTRIBUTE_ENTRY <= body.length;
    at += ATTRIBUTE_ENTRY
  )
    take(shared(body.readUInt32LE(at)));
  for (let at = sharedEnd; at < body.length;) at += take(body.subarray(at));
  return found.size > 0 ? found : undefined;
}
