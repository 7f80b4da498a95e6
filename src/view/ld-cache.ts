import { ElfError } from '../elf/error.ts';
import type { Endian } from '../elf/facts.ts';
import { text } from '../elf/strings.ts';
import { Words } from '../elf/words.ts';
import { memoised } from './memo.ts';
import { readBytes } from './text.ts';

/** One line of `ldconfig -p`. */
export interface CacheEntry {
  /** The name that a program requests. */
  readonly name: string;
  /** Absolute path, as ldconfig saw it. */
  readonly path: string;
  /** ABI id: `0x303` for x86-64 (glibc sysdeps/generic/ldconfig.h). */
  readonly flags: number;
  /** The subdirectory of `glibc-hwcaps/` that contains the path. */
  readonly hwcap: string | undefined;
  /** Bits of the old scheme (`tls`, platforms): only processors that have all of them may use the entry. */
  readonly legacyHwcaps: bigint;
}

const OLD_MAGIC = 'ld.so-1.7.0\0';
const NEW_MAGIC = 'glibc-ld.so.cache1.1';
const NEW_HEADER = 48;
const NEW_ENTRY = 24;
const OLD_HEADER = 16;
const OLD_ENTRY = 12;
const EXTENSION_MAGIC = 0xeaa42174;
const HWCAPS_TAG = 1;
/** PATH_MAX. In bytes; a longer string is cut off, since a damaged cache can refer to one a hundred thousand times. */
const MAX_STRING = 4096;
/** For all strings that `entries` decodes, in bytes. Real caches have some hundred kilobytes. */
const MAX_TOTAL = 64 * 1024 * 1024;

/** Reads the cache at a path; `undefined` if there is none or the loader would not accept it. */
export const ldCacheAt = memoised((view, path): LdCache | undefined => {
  const bytes = readBytes(view, path);
  if (!bytes) return undefined;
  try {
    return parseLdCache(bytes);
  } catch (error) {
    // glibc ignores a cache that it cannot read (elf/dl-cache.c)
    if (error instanceof ElfError) return undefined;
    throw error;
  }
});

/**
 * Reads the format of glibc ≥ 2.2, alone or after a table of the older format, or else the older format. Throws
 * `ElfError` if the loader would refuse the file as a whole; a damaged entry affects only the lookups that come across it.
 */
export function parseLdCache(bytes: Uint8Array): LdCache {
  const start = newFormatStart(bytes);
  if (start === undefined) return oldCache(bytes);
  const cache = bytes.subarray(start);
  const endian = byteOrder(cache);
  const words = new Words(cache, endian, start);
  const count = words.u32(20);
  if (NEW_HEADER + count * NEW_ENTRY > cache.length)
    throw new ElfError('truncated', start, `${count} cache entries do not fit into ${cache.length} bytes`);
  return new LdCache(
    words,
    cache,
    endian,
    cache[28] ?? 0,
    count,
    NEW_HEADER,
    NEW_ENTRY,
    hwcapNames(cache, words),
  );
}

function oldCache(bytes: Uint8Array): LdCache {
  const endian = oldByteOrder(bytes);
  const words = new Words(bytes, endian);
  const count = words.u32(12);
  const strings = bytes.subarray(OLD_HEADER + count * OLD_ENTRY);
  return new LdCache(words, strings, endian, 0, count, OLD_HEADER, OLD_ENTRY, []);
}

/** A cache as the loader searches it: by bisection, in whatever order its entries are. */
export class LdCache {
  readonly endian: Endian;
  /** The header's endian field: 2 little, 3 big, 0 not stated, as before 2.32. The loader refuses any other value. */
  readonly declared: number;
  readonly #words: Words;
  readonly #strings: Uint8Array;
  readonly #count: number;
  readonly #first: number;
  readonly #size: number;
  readonly #hwcaps: readonly string[];

  constructor(
    words: Words,
    strings: Uint8Array,
    endian: Endian,
    declared: number,
    count: number,
    first: number,
    size: number,
    hwcaps: readonly string[],
  ) {
    this.#words = words;
    this.#strings = strings;
    this.endian = endian;
    this.declared = declared;
    this.#count = count;
    this.#first = first;
    this.#size = size;
    this.#hwcaps = hwcaps;
  }

  /** Yields the entries with valid strings, in the order of the file. */
  *entries(): Generator<CacheEntry> {
    let left = MAX_TOTAL;
    for (let index = 0; index < this.#count && left > 0; index++) {
      const entry = this.#entry(index);
      if (!entry) continue;
      left -= entry.name.length + entry.path.length;
      yield entry;
    }
  }

  /**
   * Returns the entries for a name that the loader looks at, in its order (glibc elf/dl-cache.c, search_cache). Runs of
   * digits compare as numbers, so that `libx.so.01` is found as `libx.so.1`.
   *
   * @param signed whether `char` is signed on the loader's machine, which decides where other bytes than ASCII sort
   */
  lookup(name: string, signed: boolean): CacheEntry[] {
    const wanted = Buffer.from(name);
    const compare = (index: number): number | undefined => {
      const start = this.#words.u32(this.#first + index * this.#size + 4);
      return start < this.#strings.length ? compareNames(wanted, this.#strings, signed, start) : undefined;
    };
    let left = 0;
    let right = this.#count - 1;
    while (left <= right) {
      const middle = (left + right) >>> 1;
      const order = compare(middle);
      if (order === undefined) return [];
      if (order === 0) {
        let first = middle;
        while (first > 0 && compare(first - 1) === 0) first--;
        let last = middle;
        while (last < right && compare(last + 1) === 0) last++;
        return Array.from({ length: last - first + 1 }, (_, at) => this.#entry(first + at) ?? []).flat();
      }
      // the greatest name comes first
      if (order < 0) left = middle + 1;
      else right = middle - 1;
    }
    return [];
  }

  #key(index: number): Uint8Array | undefined {
    return stringAt(this.#strings, this.#words.u32(this.#first + index * this.#size + 4));
  }

  #entry(index: number): CacheEntry | undefined {
    // struct file_entry_new: flags, key, value, osversion (32 bit each), hwcap (64 bit); the older has the first three
    const at = this.#first + index * this.#size;
    const name = this.#key(index);
    const path = stringAt(this.#strings, this.#words.u32(at + 8));
    if (name === undefined || path === undefined) return undefined;
    const hwcap = this.#size === NEW_ENTRY ? this.#words.u64big(at + 16) : 0n;
    const named = ((hwcap >> 32n) & ~0x3ffn) === 0x40000000n;
    return {
      name: text(name),
      path: text(path),
      flags: this.#words.u32(at),
      hwcap: named ? (this.#hwcaps[Number(hwcap & 0xffffffffn)] ?? '?') : undefined,
      legacyHwcaps: named ? 0n : hwcap,
    };
  }
}

/**
 * Compares names as `_dl_cache_libcmp` does, which calculates with 32-bit integers.
 *
 * @param strings contains the second name, which ends with a NUL or with the table
 * @param start where it begins
 */
export function compareNames(name: Uint8Array, strings: Uint8Array, signed: boolean, start = 0): number {
  let i = 0;
  let j = start;
  while (i < name.length) {
    const left = name[i]!;
    const right = strings[j] ?? 0;
    if (isDigit(left) && isDigit(right)) {
      let [x, y] = [0, 0];
      for (; isDigit(name[i]); i++) x = (Math.imul(x, 10) + name[i]! - 0x30) | 0;
      for (; isDigit(strings[j]); j++) y = (Math.imul(y, 10) + strings[j]! - 0x30) | 0;
      if (x !== y) return (x - y) | 0;
    } else if (isDigit(left)) return 1;
    else if (isDigit(right)) return -1;
    else if (left !== right) return charOf(left, signed) - charOf(right, signed);
    else {
      i++;
      j++;
    }
  }
  return -charOf(strings[j] ?? 0, signed);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** Returns the value of a byte as C's `char`. */
function charOf(byte: number, signed: boolean): number {
  return signed && byte > 127 ? byte - 256 : byte;
}

/** Returns where the newer format begins; `undefined`: there is only a table of the older format. Throws `ElfError`. */
function newFormatStart(bytes: Uint8Array): number | undefined {
  if (!startsWith(bytes, OLD_MAGIC)) return 0;
  const end = OLD_HEADER + new Words(bytes, oldByteOrder(bytes)).u32(12) * OLD_ENTRY;
  const aligned = Math.ceil(end / 8) * 8;
  return aligned + NEW_HEADER <= bytes.length && startsWith(bytes.subarray(aligned), NEW_MAGIC)
    ? aligned
    : undefined;
}

/** The older format does not state its byte order, but in the wrong one its count is too large. Throws `ElfError`. */
function oldByteOrder(bytes: Uint8Array): Endian {
  for (const endian of ['little', 'big'] as const)
    if (OLD_HEADER + new Words(bytes, endian).u32(12) * OLD_ENTRY <= bytes.length) return endian;
  throw new ElfError('truncated', 12, 'the entries of an ld.so.cache do not fit into the file');
}

/** Since 2.32 the header has an endian field (2 little, 3 big). Before, the count tells: in the wrong byte order it is too large. */
function byteOrder(cache: Uint8Array): Endian {
  if (!startsWith(cache, NEW_MAGIC)) throw new ElfError('magic', 0, 'no ld.so.cache');
  const declared = (cache[28] ?? 0) & 3;
  if (declared === 2) return 'little';
  if (declared === 3) return 'big';
  const count = new Words(cache, 'little').u32(20);
  return NEW_HEADER + count * NEW_ENTRY <= cache.length ? 'little' : 'big';
}

/**
 * Reads extension section 1, which lists the names of hwcaps by index (glibc sysdeps/generic/dl-cache.h,
 * cache_extension_load). A damaged extension is ignored, and with it all entries that refer to it.
 */
function hwcapNames(cache: Uint8Array, words: Words): string[] {
  const extension = words.u32(32);
  const names: string[] = [];
  if (extension === 0 || extension % 4 !== 0) return names;
  try {
    if (words.u32(extension) !== EXTENSION_MAGIC) return names;
    const sections = words.u32(extension + 4);
    if (extension + 8 + sections * 16 > cache.length) return names;
    for (let i = 0; i < sections; i++) {
      const section = extension + 8 + i * 16;
      if (words.u32(section) !== HWCAPS_TAG) continue;
      const offset = words.u32(section + 8);
      const size = words.u32(section + 12);
      if (offset % 4 !== 0 || size % 4 !== 0 || offset + size > cache.length) return [];
      for (let at = offset; at + 4 <= offset + size; at += 4)
        names.push(text(stringAt(cache, words.u32(at)) ?? new Uint8Array()));
    }
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    return [];
  }
  return names;
}

/** Returns the bytes up to a NUL or the end of the file; `undefined` if the offset is outside it. */
function stringAt(strings: Uint8Array, offset: number): Uint8Array | undefined {
  if (offset >= strings.length) return undefined;
  const bytes = strings.subarray(offset, offset + MAX_STRING);
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function startsWith(bytes: Uint8Array, magic: string): boolean {
  for (let i = 0; i < magic.length; i++) if (bytes[i] !== magic.charCodeAt(i)) return false;
  return true;
}
