import type { Reader } from '../../elf/reader.ts';
import { type Contents } from '../reader.ts';
import { type Extent, type Extents, readExtents } from './extents.ts';
import {
  bad,
  bytesAt,
  CHUNKED,
  COMPRESSED_COMPACT,
  COMPRESSED_FULL,
  type ErofsInode,
  type ErofsSuperblock,
  FLAT_INLINE,
  FLAT_PLAIN,
  FRAGMENTS,
  HOLE,
  readChunks,
  readInode,
  readSuperblock,
  ZERO_PADDING,
} from './inodes.ts';
import { decodeLz4 } from './lz4.ts';
import type { EntryTable } from '../entry-table.ts';

const LZ4 = 1;
/** Whole extents that are kept decompressed, in bytes: readers of a file come back to its headers. */
const MAX_KEPT = 16 * 1024 * 1024;
/** An extent of more than this is not decompressed for the first bytes of a file. */
const SMALL = 4096;
/** No extent is larger: the kernel's limit of a physical cluster is 1 MiB, and LZ4 shrinks to 1/255 at best. */
const MAX_EXTENT = 256 * 1024 * 1024;

/**
 * Opens the files of an erofs image without a tool. Returns `undefined` if files may be compressed in another way than by
 * LZ4, share fragments or lie on another device.
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
      const chunks = readChunks(reader, superblock, inode);
      return piecewise(size, at => {
        const index = Math.floor(at / chunks.size);
        const start = index * chunks.size;
        const first = chunks.blocks[index]!;
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
      throw bad('a file is stored in a way that flix does not know');
  }
}

function readerOf(size: number, read: (offset: number, length: number) => Uint8Array): Reader {
  return { size, read: (offset, length) => (length === 0 ? new Uint8Array() : read(offset, length)) };
}

/** A part of a file that is read in one go: where it ends, and its bytes between two offsets of the file. */
interface Piece {
  readonly to: number;
  readonly bytes: (from: number, to: number) => Uint8Array;
}

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

function extentAt(extents: readonly Extent[], offset: number): Extent {
  let [low, high] = [0, extents.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (extents[middle]!.from <= offset) low = middle;
    else high = middle - 1;
  }
  return extents[low]!;
}

/** Reads the data of extents and keeps those that were decompressed last. */
class ExtentReader {
  readonly #reader: Reader;
  readonly #blockSize: number;
  readonly #isPadded: boolean;
  /** By offset in the image, the oldest first. */
  readonly #kept = new Map<number, Uint8Array>();
  #size = 0;

  constructor(reader: Reader, { blockSize, features }: ErofsSuperblock) {
    this.#reader = reader;
    this.#blockSize = blockSize;
    this.#isPadded = (features & ZERO_PADDING) !== 0;
  }

  read(extent: Extent, interlaced: boolean, from: number, to: number): Uint8Array {
    const start = from - extent.from;
    const end = to - extent.from;
    if (end <= SMALL && extent.to - extent.from > SMALL && !this.#kept.has(extent.offset))
      return this.#decode(extent, interlaced, end).subarray(start, end);
    return this.#whole(extent, interlaced).subarray(start, end);
  }

  #whole(extent: Extent, interlaced: boolean): Uint8Array {
    const known = this.#kept.get(extent.offset);
    const size = extent.to - extent.from;
    if (known?.length === size) return known;
    const bytes = this.#decode(extent, interlaced, size);
    if (size > SMALL) this.#keep(extent.offset, bytes);
    return bytes;
  }

  #keep(offset: number, bytes: Uint8Array): void {
    this.#size += bytes.length - (this.#kept.get(offset)?.length ?? 0);
    this.#kept.set(offset, bytes);
    for (const [oldest, { length }] of this.#kept) {
      if (this.#size <= MAX_KEPT || this.#kept.size === 1) break;
      this.#kept.delete(oldest);
      this.#size -= length;
    }
  }

  /** Returns the first bytes of an extent. */
  #decode({ from, to, offset, length, plain }: Extent, interlaced: boolean, count: number): Uint8Array {
    if (to - from > MAX_EXTENT) throw bad('an extent of a file is too large');
    // the last one may be cut off where the image ends
    const data = bytesAt(this.#reader, offset, length);
    if (plain) {
      const first = interlaced ? from % this.#blockSize : 0;
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
