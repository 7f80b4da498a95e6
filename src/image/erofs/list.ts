import type { Reader } from '../../elf/reader.ts';
import { isImageAttribute } from '../../view/attributes.ts';
import type { Kind } from '../../view/view.ts';
import { EntryBudget, hostile } from '../entry.ts';
import { EntryTable } from '../entry-table.ts';
import type { ImageEntry } from '../entry.ts';
import {
  bad,
  bytesAt,
  CHUNKED,
  type ErofsInode,
  type ErofsSuperblock,
  FLAT_INLINE,
  FLAT_PLAIN,
  HOLE,
  kindOfMode,
  readChunks,
  readInode,
  readSuperblock,
} from './inodes.ts';

/** Reads the names of an erofs image. Directories are never compressed, so this needs no tool. */

const DIRENT = 12;
const MAX_DIRECTORY = 64 * 1024 * 1024;
const PATH_MAX = 4096;
/** How much is read of a shared extended attribute, in bytes. */
const MAX_SHARED = 512;

/** Lists every entry of the image, the root first; their places are the numbers of their inodes. Throws `FlixError`: `bad-file-system`, `hostile-image`, `unknown-feature`. */
export function listErofs(reader: Reader): EntryTable {
  const superblock = readSuperblock(reader);
  const entries = new EntryTable();
  const entered = new Set<number>();
  const budget = new EntryBudget();
  const todo = [{ path: '/', nid: superblock.root }];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { path, nid } = next;
    const inode = readInode(reader, superblock, nid);
    const entry = describe(reader, superblock, path, inode);
    entries.add(entry, nid);
    if (path.length > PATH_MAX) throw hostile('its directories are nested too deeply');
    if (entry.kind !== 'directory') continue;
    if (entered.has(nid)) throw hostile(`${path} is a directory that is reached twice`);
    entered.add(nid);
    const children = readDirectory(reader, superblock, inode).map(({ name, nid: child }) => {
      if (name.includes('/')) throw hostile(`it contains ${JSON.stringify(name)} as a name`);
      budget.take(path.length + name.length);
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
  const attributes = inode.tail > inode.attributes && readAttributes(reader, superblock, inode, kind);
  const holeFrom =
    kind === 'file' && inode.layout === CHUNKED ? endOfChunks(reader, superblock, inode) : size;
  return {
    path,
    kind,
    mode: mode & 0o7777,
    uid,
    gid,
    size,
    mtime,
    ...link,
    ...(attributes && { attributes }),
    ...(holeFrom < size && { holeFrom }),
  };
}

/** Returns the offset behind the last chunk of a file that is not a hole, or the size of the file. */
function endOfChunks(reader: Reader, superblock: ErofsSuperblock, inode: ErofsInode): number {
  const { size, blocks } = readChunks(reader, superblock, inode);
  let end = blocks.length;
  while (end > 0 && blocks[end - 1] === HOLE) end--;
  return Math.min(inode.size, end * size);
}

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

function readDirectory(reader: Reader, superblock: ErofsSuperblock, inode: ErofsInode) {
  if (inode.size > MAX_DIRECTORY) throw bad('a directory is too large');
  const all = content(reader, superblock, inode);
  const entries: { readonly name: string; readonly nid: number }[] = [];
  for (let at = 0; at < all.length; at += superblock.blockSize) {
    const block = all.subarray(at, at + superblock.blockSize);
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

/** Extended attributes of an inode of erofs (Linux fs/erofs/erofs_fs.h, erofs_xattr_ibody_header and _entry). */

const HEADER = 12;
const ENTRY = 4;
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
  if (body.length < HEADER) return undefined;
  const found = new Map<string, Buffer>();
  const take = (entry: Buffer): number => {
    const [length, prefix] = [entry[0] ?? 0, PREFIXES[entry[1] ?? 0]];
    const value = ENTRY + length;
    const end = value + (entry.length < ENTRY ? 0 : entry.readUInt16LE(2));
    const name = `${prefix}${entry.toString('latin1', ENTRY, value)}`;
    if (end <= entry.length && isImageAttribute(name, kind))
      found.set(name, Buffer.from(entry.subarray(value, end)));
    return (end + 3) & ~3;
  };
  const sharedEnd = HEADER + ENTRY * body[4]!;
  for (let at = HEADER; at < sharedEnd && at + ENTRY <= body.length; at += ENTRY)
    take(shared(body.readUInt32LE(at)));
  for (let at = sharedEnd; at < body.length;) at += take(body.subarray(at));
  return found.size > 0 ? found : undefined;
}
