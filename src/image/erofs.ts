import type { Reader } from '../elf/reader.ts';
import { FlixError } from '../errors.ts';
import { featuresOf, isErofsIntact } from './features.ts';
import type { Kind } from '../view/view.ts';
import { boundedReads } from './bounded.ts';
import { type ImageEntry, EntryBudget, hostile } from './entry.ts';
import { isImageAttribute } from '../view/attributes.ts';

/**
 * Reads names and inodes of an erofs image (Linux fs/erofs/erofs_fs.h). Directories are never compressed, so this needs
 * no tool. fsck.erofs reads the contents of files.
 */

const { bad, bytesAt } = boundedReads('erofs');

const SUPERBLOCK = 1024;
const INODE_UNIT = 32;
const DIRENT = 12;
const MAX_DIRECTORY = 64 * 1024 * 1024;
const PATH_MAX = 4096;
/** How much is read of a shared extended attribute, in bytes. */
const MAX_SHARED = 512;
/** Later features, beginning with 48-bit addresses, change the inode. */
const UNDERSTOOD = 0x7f;
const [FLAT_PLAIN, FLAT_INLINE, CHUNKED] = [0, 2, 4];
/** The fields of `i_u.c.format`: the size of a chunk as a power of two, in blocks, and whether its entries have eight bytes. */
const [CHUNK_BITS, CHUNK_INDEXES] = [0x1f, 0x20];
const HOLE = 0xffffffff;

interface ErofsSuperblock {
  readonly blockSize: number;
  /** In bytes. */
  readonly inodes: number;
  /** In bytes. */
  readonly attributes: number;
  readonly root: bigint;
  readonly buildTime: number;
}

interface ErofsInode {
  readonly layout: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** Block number of the data in the flat layouts. */
  readonly block: number;
  /** Offset of its extended attributes, in bytes. `tail` is where they end. */
  readonly attributes: number;
  readonly tail: number;
}

export interface ErofsEntry extends ImageEntry {
  /** The offset from which a file consists of nothing but a hole, which fsck.erofs does not write; absent if it ends with data. */
  readonly holeFrom?: number;
}

/** Lists every entry of the image, the root first. Throws `FlixError`: `bad-file-system`, `hostile-image`, `unknown-feature`. */
export function listErofs(reader: Reader): ErofsEntry[] {
  const superblock = readSuperblock(reader);
  const entries: ErofsEntry[] = [];
  const entered = new Set<bigint>();
  const budget = new EntryBudget();
  const todo = [{ path: '/', nid: superblock.root }];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const { path, nid } = next;
    const inode = readInode(reader, superblock, nid);
    const entry = describe(reader, superblock, path, inode);
    entries.push(entry);
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

function readSuperblock(reader: Reader): ErofsSuperblock {
  const block = bytesAt(reader, SUPERBLOCK, 128);
  const blockBits = block[12]!;
  if (blockBits < 9 || blockBits > 16) throw bad('its block size is out of range');
  if ((block.readUInt32LE(80) & ~UNDERSTOOD) !== 0) throw unknownFeatures(reader);
  const blockSize = 2 ** blockBits;
  return {
    blockSize,
    inodes: block.readUInt32LE(40) * blockSize,
    attributes: block.readUInt32LE(44) * blockSize,
    root: BigInt(block.readUInt16LE(14)),
    buildTime: Number(block.readBigUInt64LE(24)),
  };
}

/** If the superblock matches its checksum, the image is not damaged, but flix is too old. */
function unknownFeatures(reader: Reader): FlixError {
  const names = featuresOf(reader, 'erofs')
    .filter(({ bit = 0 }) => (bit & ~UNDERSTOOD) !== 0)
    .map(({ what }) => what);
  const what = names.join(' and ') || 'features of a later Linux than 6.17';
  if (!isErofsIntact(reader)) return bad(`it uses ${what}, or its superblock is damaged`);
  return new FlixError(
    'missing',
    'unknown-feature',
    `the erofs file system uses ${what}, which this version of flix cannot read`,
    'Mount the image and name the directory instead, or make the image without this feature.',
  );
}

function readInode(reader: Reader, { inodes, buildTime }: ErofsSuperblock, nid: bigint): ErofsInode {
  const offset = inodes + Number(nid) * INODE_UNIT;
  const format = bytesAt(reader, offset, 2).readUInt16LE(0);
  const extended = (format & 1) === 1;
  const inode = bytesAt(reader, offset, extended ? 64 : 32);
  const attributes = offset + inode.length;
  return {
    layout: (format >> 1) & 7,
    mode: inode.readUInt16LE(4),
    uid: extended ? inode.readUInt32LE(24) : inode.readUInt16LE(24),
    gid: extended ? inode.readUInt32LE(28) : inode.readUInt16LE(26),
    size: extended ? Number(inode.readBigUInt64LE(8)) : inode.readUInt32LE(8),
    mtime: extended ? Number(inode.readBigUInt64LE(32)) : buildTime,
    block: inode.readUInt32LE(16),
    attributes,
    tail: attributes + attributesSize(inode.readUInt16LE(2)),
  };
}

function describe(reader: Reader, superblock: ErofsSuperblock, path: string, inode: ErofsInode): ErofsEntry {
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
function endOfChunks(
  reader: Reader,
  { blockSize }: ErofsSuperblock,
  { size, block: format, tail }: ErofsInode,
): number {
  const chunk = blockSize * 2 ** (format & CHUNK_BITS);
  const unit = format & CHUNK_INDEXES ? 8 : 4;
  const table = bytesAt(reader, Math.ceil(tail / unit) * unit, Math.ceil(size / chunk) * unit);
  // the block number is the last field of an entry
  for (let end = table.length; end > 0; end -= unit)
    if (table.readUInt32LE(end - 4) !== HOLE) return Math.min(size, (end / unit) * chunk);
  return 0;
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

/** Returns the kind that the `S_IFMT` bits of a mode stand for. */
export function kindOfMode(mode: number): Kind {
  const kinds: Readonly<Record<number, Kind>> = { 0o10: 'file', 0o04: 'directory', 0o12: 'link' };
  return kinds[mode >> 12] ?? 'other';
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
  const entries: { readonly name: string; readonly nid: bigint }[] = [];
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
      entries.push({ name, nid: block.readBigUInt64LE(i * DIRENT) });
    }
  }
  return entries;
}

/** Extended attributes of an inode of erofs (Linux fs/erofs/erofs_fs.h, erofs_xattr_ibody_header and _entry). */

const HEADER = 12;
const ENTRY = 4;
/** `e_name_index`. Longer prefixes exist only if they were requested when the image was made. */
const PREFIXES: Readonly<Record<number, string>> = { 1: 'user.', 4: 'trusted.', 6: 'security.' };

/** @param count `i_xattr_icount` of the inode @returns in bytes */
function attributesSize(count: number): number {
  return count === 0 ? 0 : HEADER + ENTRY * (count - 1);
}

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
    if (end <= entry.length && isImageAttribute(name, kind)) found.set(name, entry.subarray(value, end));
    return (end + 3) & ~3;
  };
  const sharedEnd = HEADER + ENTRY * body[4]!;
  for (let at = HEADER; at < sharedEnd && at + ENTRY <= body.length; at += ENTRY)
    take(shared(body.readUInt32LE(at)));
  for (let at = sharedEnd; at < body.length;) at += take(body.subarray(at));
  return found.size > 0 ? found : undefined;
}
