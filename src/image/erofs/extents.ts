import type { Reader } from '../../elf/reader.ts';
import { bad, bytesAt, COMPRESSED_COMPACT, type ErofsInode, type ErofsSuperblock } from './inodes.ts';

/** A run of a compressed file whose bytes are compressed together. */
export interface Extent {
  /** Where it begins in the file and ends, in bytes. */
  readonly from: number;
  readonly to: number;
  /** Where its data is in the image, in bytes, and how many there are. */
  readonly offset: number;
  readonly length: number;
  /** Whether the data is stored as it is. */
  readonly plain: boolean;
}

export interface Extents {
  readonly list: readonly Extent[];
  /** Plain data begins in the middle of its block and continues at the beginning of it (Linux fs/erofs/decompressor.c). */
  readonly interlaced: boolean;
}

/** `z_erofs_map_header` */
const MAP_HEADER = 8;
/** The header and eight bytes that old versions reserved. */
const FULL_HEADER = 16;
/** `h_advise` */
const [TWO_BYTES, BIG_CLUSTERS, INLINE, INTERLACED] = [0x1, 0x2, 0x8, 0x10];
const BIG_CLUSTERS_2 = 0x4;
const CLUSTER_BITS = 0x7;
/** Types of a logical cluster. */
const [PLAIN, HEAD, NO_HEAD, HEAD_2] = [0, 1, 2, 3];
/** The first cluster after a head says with this bit how many blocks the data takes, instead of a distance. */
const BLOCK_COUNT = 0x800;

interface Cluster {
  readonly type: number;
  /** Where an extent begins within the cluster; only for heads. */
  readonly from: number;
  /** Only for heads. */
  readonly block: number;
  /** How many blocks the data of the head before takes, if this cluster says so. */
  readonly blocks: number | undefined;
}

/**
 * Reads which parts of a compressed file are where (Linux fs/erofs/zmap.c). Throws `FlixError` `bad-file-system`.
 */
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
  /** `undefined` behind the last one. */
  readonly at: (number: number) => Cluster | undefined;
  /** Where the index ends in the image, in bytes. Data that is stored with the inode follows it. */
  readonly end: number;
}

const FULL_ENTRY = 8;

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

/** Clusters that share the number of a block: its bytes per cluster, and how many there are. */
interface Pack {
  readonly offset: number;
  readonly bytes: number;
  readonly clusters: number;
}

/** Packs begin with some of two clusters, until 32 bytes are reached; then come packs of sixteen, and again of two. */
function compactIndex(
  reader: Reader,
  start: number,
  count: number,
  advise: number,
  clusterSize: number,
): Index {
  const initial = ((32 - (start % 32)) / 4) & 7;
  const short = advise & TWO_BYTES && initial < count ? Math.floor((count - initial) / 16) * 16 : 0;
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

/** Reads one cluster of a pack (z_erofs_load_compact_lcluster). */
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

type Entry = (number: number) => { readonly low: number; readonly type: number };

/** Counts the blocks of a pack up to a head, each of which takes one. */
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

/** Does the same where data can take several blocks. */
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
