import type { Reader } from '../../elf/reader.ts';
import type { Contents } from '../reader.ts';
import { type Extent, type Extents, readExtents } from './extents.ts';
import {
  bad,
  bytesAt,
  CHUNKED,
  chunksOf,
  COMPRESSED_COMPACT,
  COMPRESSED_FULL,
  type ErofsInode,
  type ErofsSuperblock,
  FLAT_INLINE,
  FLAT_PLAIN,
  FRAGMENTS,
  HOLE,
  LZ4,
  readInode,
  readSuperblock,
  UNKNOWN_LAYOUT,
  ZERO_PADDING,
} from './inodes.ts';
import { decodeLz4 } from './lz4.ts';
import type { EntryTable } from '../entry-table.ts';

/** How many bytes of decompressed extents are kept: readers of a file come back to its headers. */
const MAX_KEPT = 16 * 1024 * 1024;
/** If no more than this many bytes from the beginning of an extent are wanted, no more are decompressed. */
const SMALL = 4096;
/** In bytes. No extent is larger: a physical cluster has at most 1 MiB, and LZ4 shrinks to 1/255 at best. */
const MAX_EXTENT = 256 * 1024 * 1024;

/**
 * Gives access to the files of an erofs image without a tool. Returns `undefined` if files may be compressed by another
 * algorithm than LZ4, share fragments or lie on another device. What it returns throws `FlixError` `bad-file-system`.
 */
export function erofsContents(reader: Reader, entries: EntryTable): Contents | undefined {
  const superblock = readSuperblock(reader);
  const { features, algorithms, devices } = superblock;
  if (features & FRAGMENTS || algorithms & ~LZ4 || devices > 0) return undefined;
  const extents = new ExtentReader(reader, superblock);
  return row => {
    const place = entries.place(row);
    return fileOf(reader, superblock, readInode(reader, superblock, place), extents);
  };
}

function fileOf(
  reader: Reader,
  superblock: ErofsSuperblock,
  inode: ErofsInode,
  extents: ExtentReader,
): Reader {
  const { blockSize } = superblock;
  const { layout, size, block, tail } = inode;
  switch (layout) {
    case FLAT_PLAIN:
      return readerOf(size, (at, length) => bytesAt(reader, block * blockSize + at, length));
    case FLAT_INLINE: {
      const whole = size - (size % blockSize);
      return piecewise(size, at =>
        at < whole
          ? { to: whole, bytes: (from, to) => bytesAt(reader, block * blockSize + from, to - from) }
          : { to: size, bytes: (from, to) => bytesAt(reader, tail + from - whole, to - from) },
      );
    }
    case CHUNKED: {
      const chunks = chunksOf(reader, superblock, inode);
      return piecewise(size, at => {
        const index = Math.floor(at / chunks.size);
        const start = index * chunks.size;
        const first = chunks.blockAt(index);
        return {
          to: Math.min(size, start + chunks.size),
          bytes: (from, to) =>
            first === HOLE
              ? new Uint8Array(to - from)
              : bytesAt(reader, first * blockSize + from - start, to - from),
        };
      });
    }
    case COMPRESSED_FULL:
    case COMPRESSED_COMPACT: {
      let known: Extents | undefined;
      return piecewise(size, at => {
        known ??= readExtents(reader, superblock, inode);
        const extent = extentAt(known.list, at);
        const { interlaced } = known;
        return { to: extent.to, bytes: (from, to) => extents.read(extent, interlaced, from, to) };
      });
    }
    default:
      throw bad(UNKNOWN_LAYOUT);
  }
}

/** Returns a reader whose callers may ask for no bytes at all, even of an empty file. */
function readerOf(size: number, read: (offset: number, length: number) => Uint8Array): Reader {
  return { size, read: (offset, length) => (length === 0 ? new Uint8Array() : read(offset, length)) };
}

/** A part of a file that is read in one go. */
interface Piece {
  /** The offset in the file at which it ends. */
  readonly to: number;
  /** Reads the bytes between two offsets in the file, both within the piece. */
  readonly bytes: (from: number, to: number) => Uint8Array;
}

/** Returns a reader of a file in pieces. @param pieceAt returns the piece that contains an offset */
function piecewise(size: number, pieceAt: (offset: number) => Piece): Reader {
  return readerOf(size, (offset, length) => {
    const first = pieceAt(offset);
    const end = offset + length;
    if (end <= first.to) return first.bytes(offset, end);
    const all = Buffer.allocUnsafe(length);
    for (let at = offset; at < end;) {
      const { to, bytes } = pieceAt(at);
      all.set(bytes(at, Math.min(to, end)), at - offset);
      at = Math.min(to, end);
    }
    return all;
  });
}

/** Returns the extent that contains an offset. @param extents in the order of the file, the first from 0 */
function extentAt(extents: readonly Extent[], offset: number): Extent {
  let [low, high] = [0, extents.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (extents[middle]!.from <= offset) low = middle;
    else high = middle - 1;
  }
  return extents[low]!;
}

/** Reads the bytes of extents, and keeps those that were read last. */
class ExtentReader {
  readonly #reader: Reader;
  readonly #blockSize: number;
  readonly #isPadded: boolean;
  /** By `keyOf`, the oldest first. */
  readonly #kept = new Map<string, Uint8Array>();
  /** Of all kept extents, in bytes. */
  #size = 0;

  constructor(reader: Reader, { blockSize, features }: ErofsSuperblock) {
    this.#reader = reader;
    this.#blockSize = blockSize;
    this.#isPadded = (features & ZERO_PADDING) !== 0;
  }

  /**
   * Reads the bytes of an extent between two offsets in the file.
   *
   * @param interlaced see `Extents`
   */
  read(extent: Extent, interlaced: boolean, from: number, to: number): Uint8Array {
    const [start, end] = [from - extent.from, to - extent.from];
    const size = extent.to - extent.from;
    const first = extent.plain && interlaced ? extent.from % this.#blockSize : 0;
    if (size <= SMALL) return this.#decode(extent, first, size).subarray(start, end);
    const key = keyOf(extent, first);
    const known = this.#kept.get(key);
    if (known) return known.subarray(start, end);
    if (end <= SMALL) return this.#decode(extent, first, end).subarray(start, end);
    const bytes = this.#decode(extent, first, size);
    this.#keep(key, bytes);
    return bytes.subarray(start, end);
  }

  #keep(key: string, bytes: Uint8Array): void {
    this.#kept.set(key, bytes);
    this.#size += bytes.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#size <= MAX_KEPT || this.#kept.size === 1) break;
      this.#kept.delete(oldest);
      this.#size -= length;
    }
  }

  /**
   * Returns the first bytes of an extent.
   *
   * @param first where plain data begins in its block
   * @param count how many bytes
   */
  #decode({ from, to, offset, length, plain }: Extent, first: number, count: number): Uint8Array {
    if (to - from > MAX_EXTENT) throw bad('an extent of a file is too large');
    const data = bytesAt(this.#reader, offset, length);
    if (plain) {
      const bytes = first === 0 ? data : Buffer.concat([data.subarray(first), data.subarray(0, first)]);
      if (bytes.length < count) throw bad('the data of a file is too short');
      return bytes.subarray(0, count);
    }
    let start = 0;
    if (this.#isPadded) while (start < data.length && data[start] === 0) start++;
    const output = Buffer.allocUnsafe(count);
    if (decodeLz4(data.subarray(start), output) !== count)
      throw bad('the compressed data of a file is damaged');
    return output;
  }
}

/** Returns what decides the bytes of an extent: a hostile image can decode the same data in two ways. */
function keyOf({ from, to, offset, length, plain }: Extent, first: number): string {
  return `${offset} ${length} ${to - from} ${plain ? first : 'lz4'}`;
}
