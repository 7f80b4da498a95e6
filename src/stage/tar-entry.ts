import { FlixError } from '../errors.ts';

export const BLOCK = 512;

/**
 * An entry of an archive. Names are sequences of bytes: each character of a text stands for one byte (latin1), because an
 * archive may contain names that are not valid UTF-8.
 */
export interface TarEntry {
  readonly type: 'file' | 'hard-link' | 'link' | 'directory' | 'special';
  /** As stored. */
  readonly name: string;
  /** The target of a link, as stored. */
  readonly link: string;
  /** Permission bits with setuid, setgid and sticky (07777). */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** In seconds since 1970. */
  readonly mtime: number;
  /** The size of the file, including its holes. */
  readonly size: number;
  readonly attributes: ReadonlyMap<string, Buffer>;
}

/** A part of a sparse file that the archive contains; the rest of the file is holes. */
export interface Extent {
  readonly at: number;
  readonly length: number;
}

/** The fields of a header block (pax(1), “ustar Interchange Format”; GNU tar(1), “Basic Tar Format”). */
export interface Header {
  readonly type: string;
  readonly name: string;
  readonly link: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of what follows in the archive. */
  readonly size: number;
  readonly mtime: number;
}

/** Reads a header block. Throws `FlixError` `bad-archive`. */
export function readHeader(block: Buffer, at: number): Header {
  if (!hasChecksum(block))
    throw badArchive(`there is no header at byte ${at}: it is damaged or no tar archive`);
  const isPosix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefixEnd = block.toString('latin1', 508, 512) === 'tar\0' ? 476 : 500; // star(1) stores times there
  const prefix = isPosix ? textIn(block, 345, prefixEnd) : '';
  const name = textIn(block, 0, 100);
  const type = block.toString('latin1', 156, 157);
  return {
    type: type === '\0' ? '0' : type,
    name: prefix === '' ? name : `${prefix}/${name}`,
    link: textIn(block, 157, 257),
    mode: numberIn(block, 100, 8),
    uid: numberIn(block, 108, 8),
    gid: numberIn(block, 116, 8),
    size: sizeIn(block, 124),
    mtime: numberIn(block, 136, 12),
  };
}

/** Old implementations summed signed bytes. */
function hasChecksum(block: Buffer): boolean {
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < BLOCK; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : block[at]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const sum = numberIn(block, 148, 8);
  return sum === unsigned || sum === signed;
}

function textIn(block: Buffer, start: number, end: number): string {
  const zero = block.indexOf(0, start);
  return block.toString('latin1', start, zero < 0 || zero > end ? end : zero);
}

/** Reads octal digits, or a big-endian number whose first byte has the highest bit set (GNU tar, star). */
function numberIn(block: Buffer, start: number, length: number): number {
  const first = block[start]!;
  if ((first & 0x80) === 0) {
    const digits = block.toString('latin1', start, start + length).replace(/[\0 ]+$|^[\0 ]+/g, '');
    return /^[0-7]*$/.test(digits) ? parseInt(digits || '0', 8) : NaN;
  }
  let value = first === 0xff ? -1 : first & 0x7f;
  for (let at = start + 1; at < start + length; at++) value = value * 256 + block[at]!;
  return value;
}

function sizeIn(block: Buffer, start: number): number {
  const size = numberIn(block, start, 12);
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw badArchive('the size of an entry is not a number');
}

/** For comparison: the map of a file with a hole after each block of 4 KiB has 24 bytes for each. */
export const MAX_EXTENTS = 1_000_000;

/** Reads the map in the header of the old GNU format, up to 4 or 21 extents. */
export function oldExtents(block: Buffer, start: number, count: number): Extent[] {
  const found: Extent[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * 24;
    if (block[at] === 0) break;
    found.push({ at: sizeIn(block, at), length: sizeIn(block, at + 12) });
  }
  return found;
}

/** The size of a sparse file in the old GNU format. */
export function oldRealSize(block: Buffer): number {
  return sizeIn(block, 483);
}

/** Reads `OFFSET,LENGTH,…` of the formats PAX 0.0 and 0.1. Throws `FlixError` `bad-archive`. */
export function listedExtents(numbers: readonly string[]): Extent[] {
  const values = numbers.map(decimal);
  if (values.length % 2 !== 0) throw badArchive('the map of a sparse file is damaged');
  return Array.from({ length: values.length / 2 }, (_, i) => ({
    at: values[2 * i]!,
    length: values[2 * i + 1]!,
  }));
}

/** Reads the number of a line of decimal digits. Throws `FlixError` `bad-archive`. */
export function decimal(text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw badArchive(`it contains ${JSON.stringify(text.slice(0, 40))} where a number is expected`);
}

/** Throws `FlixError` `bad-archive` if extents overlap, exceed the file, or do not have the size that the archive contains. */
export function checkExtents(extents: readonly Extent[], size: number, stored: number): void {
  let end = 0;
  let total = 0;
  if (extents.length > MAX_EXTENTS) throw badArchive('a sparse file has too many parts');
  for (const { at, length } of extents) {
    if (at < end) throw badArchive('the parts of a sparse file overlap');
    end = at + length;
    total += length;
  }
  if (end > size || total !== stored) throw badArchive('the map of a sparse file does not fit the file');
}

/** Reads the records `LENGTH KEY=VALUE\n` of an extended header (pax(1), “pax Extended Header”). Throws `FlixError` `bad-archive`. */
export function paxRecords(bytes: Buffer): [key: string, value: string][] {
  const records: [string, string][] = [];
  for (let at = 0; at < bytes.length && bytes[at] !== 0;) {
    const blank = bytes.indexOf(0x20, at);
    const length = blank < 0 ? NaN : decimal(bytes.toString('latin1', at, blank));
    const record = bytes.toString('latin1', blank + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (!(at + length <= bytes.length) || bytes[at + length - 1] !== 0x0a || equals < 1)
      throw badArchive('an extended header is damaged');
    records.push([record.slice(0, equals), record.slice(equals + 1)]);
    at += length;
  }
  return records;
}

export function badArchive(why: string): FlixError {
  return new FlixError('input', 'bad-archive', `the archive cannot be unpacked: ${why}`);
}
