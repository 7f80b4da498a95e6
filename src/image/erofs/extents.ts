import type { Reader } from '../../elf/reader.ts';
import {
  bad,
  bytesAt,
  COMPRESSED_COMPACT,
  type ErofsInode,
  type ErofsSuperblock,
  UNKNOWN_LAYOUT,
} from './inodes.ts';

/** Bytes of a file that are compressed together. */
export interface Extent {
  /** Where it begins and ends in the file, in bytes. */
  readonly from: number;
  readonly to: number;
  /** Where its data is in the image, and the size of the data; both in bytes. */
  readonly offset: number;
  readonly length: number;
  /** Whether the data is stored uncompressed. */
  readonly plain: boolean;
}

export interface Extents {
  /** In the order of the file, without gaps. The first begins at 0, the last ends with the file. */
  readonly list: readonly Extent[];
  /**
   * Whether plain data begins in its block where the extent begins in its block of the file, and continues at the beginning
   * of the block (Linux fs/erofs/decompressor.c, z_erofs_transform_plain).
   */
  readonly interlaced: boolean;
}

// The index of a compressed file lists its logical clusters (Linux fs/erofs/erofs_fs.h): at each HEAD or PLAIN cluster, an
// extent begins; NO_HEAD clusters continue the one before.

/** Size of `z_erofs_map_header`, in bytes. */
const MAP_HEADER = 8;
/** Size of the header and of eight bytes that are reserved behind it in the full layout (Z_EROFS_FULL_INDEX_START). */
const FULL_HEADER = 16;
/** Bits of `h_advise`: some packs have two bytes per cluster; the data of a `HEAD`, of a `HEAD_2` may take several blocks. */
const [TWO_BYTES, BIG_CLUSTERS, BIG_CLUSTERS_2] = [0x1, 0x2, 0x4];
/** Bits of `h_advise`: the data of the last extent follows the index; plain data is interlaced. */
const [INLINE, INTERLACED] = [0x8, 0x10];
/** The bits of `h_clusterbits` that give the size of a logical cluster. */
const CLUSTER_BITS = 0x7;
/** Types of a logical cluster (`Z_EROFS_LCLUSTER_TYPE_*`). */
const [PLAIN, HEAD, NO_HEAD, HEAD_2] = [0, 1, 2, 3];
/** With this bit, the first cluster after a head gives the number of blocks of the data instead of a distance (`Z_EROFS_LI_D0_CBLKCNT`). */
const BLOCK_COUNT = 0x800;

/** A logical cluster. */
interface Cluster {
  readonly type: number;
  /** Where an extent begins within the cluster, in bytes; only for heads. */
  readonly from: number;
  /** The number of the first block of the data; only for heads. */
  readonly block: number;
  /** How many blocks the data of the head before this cluster takes; `undefined` if the cluster does not tell. */
  readonly blocks: number | undefined;
}

/** Reads the extents of a compressed file (Linux fs/erofs/zmap.c). Throws `FlixError` `bad-file-system`. */
export function readExtents(reader: Reader, superblock: ErofsSuperblock, inode: ErofsInode): Extents {
  const { blockSize } = superblock;
  const start = Math.ceil(inode.tail / MAP_HEADER) * MAP_HEADER;
  const header = bytesAt(reader, start, MAP_HEADER);
  const [inlineSize, advise] = [header.readUInt16LE(2), header.readUInt16LE(4)];
  const clusterSize = blockSize * 2 ** (header[7]! & CLUSTER_BITS);
  const count = Math.ceil(inode.size / clusterSize);
  const compact = inode.layout === COMPRESSED_COMPACT;
  const index = compact
    ? compactIndex(reader, start + MAP_HEADER, count, advise, clusterSize)
    : fullIndex(reader, start + FULL_HEADER, count);
  const lengthOf = (type: number, at: number) => {
    const isBig = type === HEAD ? advise & BIG_CLUSTERS : type === HEAD_2 && advise & BIG_CLUSTERS_2;
    return isBig ? (index.at(at + 1)?.blocks ?? 1) * blockSize : clusterSize;
  };
  const list: Extent[] = [];
  for (let at = 0; at < count; at++) {
    const { type, from, block } = index.at(at)!;
    if (type === NO_HEAD) continue;
    const begins = at * clusterSize + from;
    const before = list.at(-1);
    if (begins >= inode.size && list.length > 0) break;
    if (before ? begins <= before.from : begins !== 0) throw bad('the clusters of a file are out of order');
    if (before) list[list.length - 1] = { ...before, to: begins };
    const data = { offset: block * blockSize, length: lengthOf(type, at) };
    list.push({ from: begins, to: inode.size, ...data, plain: type === PLAIN });
  }
  const last = list.pop();
  if (!last) throw bad('a file has no clusters');
  const tail = advise & INLINE ? { offset: index.end, length: inlineSize } : {};
  return { list: [...list, { ...last, ...tail }], interlaced: (advise & INTERLACED) !== 0 };
}

/** The logical clusters of a file. */
interface Index {
  /** Returns a cluster by its number; `undefined` behind the last one. */
  readonly at: (number: number) => Cluster | undefined;
  /** Where the index ends in the image, in bytes. Inline data follows it. */
  readonly end: number;
}

/** Size of `z_erofs_lcluster_index`, in bytes. */
const FULL_ENTRY = 8;

/** @param start where the index begins in the image, in bytes @param count how many clusters */
function fullIndex(reader: Reader, start: number, count: number): Index {
  const table = bytesAt(reader, start, count * FULL_ENTRY);
  const at = (number: number): Cluster | undefined => {
    if (number >= count) return undefined;
    const entry = number * FULL_ENTRY;
    const type = table.readUInt16LE(entry) & 3;
    const distance = table.readUInt16LE(entry + 4);
    return {
      type,
      from: table.readUInt16LE(entry + 2),
      block: table.readUInt32LE(entry + 4),
      blocks: type === NO_HEAD && distance & BLOCK_COUNT ? distance & ~BLOCK_COUNT : undefined,
    };
  };
  return { at, end: start + count * FULL_ENTRY };
}

/** Clusters that share the number of a block. */
interface Pack {
  /** Where it begins in the image, in bytes. */
  readonly offset: number;
  /** How many bytes it has per cluster: 2 or 4. */
  readonly bytes: number;
  readonly clusters: number;
}

/** How large a logical cluster can be for the packs to have room for an offset in it (z_erofs_load_compact_lcluster), in bytes. */
const [MAX_CLUSTER_IN_TWO_BYTES, MAX_CLUSTER_IN_FOUR_BYTES] = [2 ** 12, 2 ** 14];

/**
 * The compact layout: packs of two clusters up to a multiple of 32 bytes; then, with `TWO_BYTES`, packs of sixteen as long
 * as they are full; then packs of two again.
 */
function compactIndex(
  reader: Reader,
  start: number,
  count: number,
  advise: number,
  clusterSize: number,
): Index {
  const initial = ((32 - (start % 32)) / 4) & 7;
  const short = advise & TWO_BYTES && initial < count ? Math.floor((count - initial) / 16) * 16 : 0;
  if (clusterSize > (short > 0 ? MAX_CLUSTER_IN_TWO_BYTES : MAX_CLUSTER_IN_FOUR_BYTES))
    throw bad(UNKNOWN_LAYOUT);
  const placeOf = (number: number): { offset: number; bytes: number } => {
    if (number < initial) return { offset: start + number * 4, bytes: 4 };
    const rest = number - initial;
    const middle = start + initial * 4;
    if (rest < short) return { offset: middle + rest * 2, bytes: 2 };
    return { offset: middle + short * 2 + (rest - short) * 4, bytes: 4 };
  };
  const packOf = (number: number): Pack & { readonly index: number } => {
    const { offset, bytes } = placeOf(number);
    const clusters = bytes === 2 ? 16 : 2;
    const size = clusters * bytes;
    const first = offset - (offset % size);
    return { offset: first, bytes, clusters, index: (offset - first) / bytes };
  };
  const at = (number: number) => {
    if (number >= count) return undefined;
    const { index, ...pack } = packOf(number);
    return clusterIn(
      bytesAt(reader, pack.offset, pack.clusters * pack.bytes),
      pack,
      index,
      advise,
      clusterSize,
    );
  };
  const last = packOf(Math.max(count - 1, 0));
  return { at, end: last.offset + last.clusters * last.bytes };
}

/** Reads one cluster of a pack (z_erofs_load_compact_lcluster). @param index its number in the pack */
function clusterIn(
  pack: Buffer,
  { bytes, clusters }: Pack,
  index: number,
  advise: number,
  clusterSize: number,
): Cluster {
  const bits = ((clusters * bytes - 4) * 8) / clusters;
  const lowBits = Math.max(Math.log2(clusterSize), Math.log2(BLOCK_COUNT) + 1);
  const entry = (number: number) => {
    const position = bits * number;
    const value = pack.readUInt32LE(Math.min(position >> 3, pack.length - 4));
    const shifted = value >>> (position - Math.min(position >> 3, pack.length - 4) * 8);
    return { low: shifted & (2 ** lowBits - 1), type: (shifted >>> lowBits) & 3 };
  };
  const { low, type } = entry(index);
  if (type === NO_HEAD)
    return { type, from: 0, block: 0, blocks: low & BLOCK_COUNT ? low & ~BLOCK_COUNT : undefined };
  const base = pack.readUInt32LE(pack.length - 4);
  const before = advise & BIG_CLUSTERS ? blocksBeforeBig(entry, index) : blocksBefore(entry, index);
  return { type, from: low, block: base + before, blocks: undefined };
}

/** Returns the two fields of a cluster in a pack: the type, and an offset (for heads), distance or number of blocks. */
type Entry = (number: number) => { readonly low: number; readonly type: number };

/** Counts the blocks that the heads of a pack before one take, if each takes one block. */
function blocksBefore(entry: Entry, index: number): number {
  let blocks = 1;
  for (let i = index; i > 0;) {
    i--;
    const { low, type } = entry(i);
    if (type === NO_HEAD) i -= low;
    if (i >= 0) blocks++;
  }
  return blocks;
}

/** Counts the blocks that the heads of a pack before one take, if each may take several. */
function blocksBeforeBig(entry: Entry, index: number): number {
  let blocks = 0;
  for (let i = index; i > 0;) {
    i--;
    const { low, type } = entry(i);
    if (type !== NO_HEAD) blocks++;
    else if (low & BLOCK_COUNT) {
      i--;
      blocks += low & ~BLOCK_COUNT;
    } else {
      if (low <= 1) throw bad('a cluster of a file is damaged');
      i -= low - 2;
    }
  }
  return blocks;
}
