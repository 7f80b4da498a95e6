import { FlixError } from '../errors.ts';
import type { Reader } from '../elf/reader.ts';
import { partitionTypeName } from './partition-types.ts';

/** GUID partition tables (UEFI 2.10, 5.3). */

export interface GptPartition {
  /** From 1. */
  readonly number: number;
  /** UUIDs in lower case. */
  readonly type: string;
  readonly uuid: string;
  readonly label: string;
  /** In bytes. */
  readonly offset: number;
  readonly size: number;
  readonly attributes: bigint;
}

/** One of the two copies of the table. */
export interface GptCopy {
  readonly which: 'primary' | 'backup';
  /** Offset of the header's sector, in bytes. */
  readonly offset: number;
  readonly header: Buffer;
  readonly headerIntact: boolean;
  readonly entries: Buffer;
  /** In bytes. */
  readonly entriesOffset: number;
  readonly entriesIntact: boolean;
  /** Offset of the other copy's header, in bytes. */
  readonly otherOffset: number;
}

export interface Gpt {
  readonly sectorSize: number;
  /** `undefined` if there is no readable header. */
  readonly primary: GptCopy | undefined;
  readonly backup: GptCopy | undefined;
  /** The partitions of the first intact copy, by number. */
  readonly partitions: readonly GptPartition[];
}

export const HEADER = 92;
const SIGNATURE = 'EFI PART';
/** systemd looks for the header at each of these (src/shared/dissect-image.c). */
const SECTOR_SIZES = [512, 1024, 2048, 4096];
/** sfdisk and systemd-repart write 128 entries; the field allows four thousand million. */
const MAX_ENTRIES = 1024;
const MAX_ENTRY = 4096;
const ENTRY = 128;

/** Reads the partition table; `undefined` if there is none. Throws `FlixError` `bad-partition-table` if it cannot be used. */
export function readGpt(reader: Reader): Gpt | undefined {
  for (const sectorSize of SECTOR_SIZES) {
    const primary = readCopy(reader, sectorSize, sectorSize, 'primary');
    const last = Math.floor(reader.size / sectorSize) * sectorSize - sectorSize;
    const backup = readCopy(reader, sectorSize, primary?.headerIntact ? primary.otherOffset : last, 'backup');
    const copies = [primary, backup].filter(copy => copy !== undefined);
    if (copies.length === 0) continue;
    const whole = copies.find(({ headerIntact, entriesIntact }) => headerIntact && entriesIntact);
    if (!whole) throw bad('neither of its two partition tables matches its checksum');
    return { sectorSize, primary, backup, partitions: readEntries(whole, sectorSize, reader.size) };
  }
  return undefined;
}

export function partitionName({ number, type }: Pick<GptPartition, 'number' | 'type'>): string {
  return `partition ${number} (${partitionTypeName(type)})`;
}

function readCopy(
  reader: Reader,
  sectorSize: number,
  offset: number,
  which: GptCopy['which'],
): GptCopy | undefined {
  if (offset < sectorSize || offset + sectorSize > reader.size) return undefined;
  const sector = Buffer.from(reader.read(offset, sectorSize));
  if (sector.toString('latin1', 0, SIGNATURE.length) !== SIGNATURE) return undefined;
  const header = sector.subarray(0, HEADER);
  const headerIntact =
    headerChecksum(header) === header.readUInt32LE(16) && header.readUInt32LE(12) === HEADER;
  const entriesOffset = Number(header.readBigUInt64LE(72)) * sectorSize;
  const [count, size] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  const readable =
    count <= MAX_ENTRIES &&
    size >= ENTRY &&
    size <= MAX_ENTRY &&
    Number.isSafeInteger(entriesOffset) &&
    entriesOffset + count * size <= reader.size;
  const entries = readable ? Buffer.from(reader.read(entriesOffset, count * size)) : Buffer.alloc(0);
  return {
    which,
    offset,
    header,
    headerIntact,
    entries,
    entriesOffset,
    entriesIntact: readable && crc32(entries) === header.readUInt32LE(88),
    otherOffset: Number(header.readBigUInt64LE(32)) * sectorSize,
  };
}

/** Computes the checksum of a header, with its own field set to zero. */
export function headerChecksum(header: Buffer): number {
  const copy = Buffer.from(header);
  copy.writeUInt32LE(0, 16);
  return crc32(copy);
}

function readEntries({ header, entries }: GptCopy, sectorSize: number, imageSize: number): GptPartition[] {
  const size = header.readUInt32LE(84);
  const partitions: GptPartition[] = [];
  for (let at = 0; at < entries.length; at += size) {
    const entry = entries.subarray(at, at + size);
    const type = uuidAt(entry, 0);
    if (/^[0-]*$/.test(type)) continue;
    const [first, last] = [Number(entry.readBigUInt64LE(32)), Number(entry.readBigUInt64LE(40))];
    const partition = {
      number: at / size + 1,
      type,
      uuid: uuidAt(entry, 16),
      label: entry.toString('utf16le', 56, ENTRY).replace(/\0.*$/s, ''),
      offset: first * sectorSize,
      size: (last - first + 1) * sectorSize,
      attributes: entry.readBigUInt64LE(48),
    };
    if (last < first || !Number.isSafeInteger((last + 1) * sectorSize) || (last + 1) * sectorSize > imageSize)
      throw bad(`${partitionName(partition)} does not lie within the image of ${imageSize} bytes`);
    partitions.push(partition);
  }
  refuseOverlap(partitions);
  return partitions;
}

function refuseOverlap(partitions: readonly GptPartition[]): void {
  const sorted = [...partitions].sort((a, b) => a.offset - b.offset);
  for (const [i, next] of sorted.slice(1).entries()) {
    const before = sorted[i]!;
    if (before.offset + before.size > next.offset)
      throw bad(`${partitionName(before)} and ${partitionName(next)} overlap`);
  }
}

/** The first three groups are little-endian (UEFI 2.10, appendix A). */
function uuidAt(bytes: Buffer, at: number): string {
  const hex = (from: number, to: number) => bytes.toString('hex', at + from, at + to);
  const swapped = (from: number, to: number) =>
    Buffer.from(bytes.subarray(at + from, at + to))
      .reverse()
      .toString('hex');
  return [swapped(0, 4), swapped(4, 6), swapped(6, 8), hex(8, 10), hex(10, 16)].join('-');
}

function bad(why: string): FlixError {
  return new FlixError('input', 'bad-partition-table', why, 'The image is damaged or is not a disk image.');
}

const POLYNOMIAL = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
  return value;
});

/** Computes the CRC of GPT headers (UEFI 2.10, 5.3.2). `zlib.crc32` does not exist in the oldest supported Node. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
