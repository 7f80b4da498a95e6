import { ElfError } from '../elf/error.ts';
import type { Endian } from '../elf/facts.ts';
import { text } from '../elf/strings.ts';
import { Words } from '../elf/words.ts';
import { memoised } from './memo.ts';
import { readBytes } from './text.ts';

/** One line of `ldconfig -p`. */
export interface CacheEntry {
  /** Absolute path, as ldconfig saw it. */
  readonly path: string;
  /** ABI id: `0x303` for x86-64 (glibc sysdeps/generic/ldconfig.h). */
  readonly flags: number;
  /** The subdirectory of `glibc-hwcaps/` that contains the path. */
  readonly hwcap: string | undefined;
  /** The entry has bits of the old scheme (`tls`, platforms), so that only some processors may use it. */
  readonly legacyHwcap: boolean;
}

/** Entries by the name that a program requests, in the order of the file. */
export type LdCache = ReadonlyMap<string, readonly CacheEntry[]>;

const OLD_MAGIC = 'ld.so-1.7.0\0';
const NEW_MAGIC = 'glibc-ld.so.cache1.1';
const NEW_HEADER = 48;
const NEW_ENTRY = 24;
const OLD_HEADER = 16;
const OLD_ENTRY = 12;
const EXTENSION_MAGIC = 0xeaa42174;
const HWCAPS_TAG = 1;

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

/** Parses the format of glibc ≥ 2.2, alone or after a table of the older format. Throws `ElfError` if the file is malformed. */
export function parseLdCache(bytes: Uint8Array): LdCache {
  const start = newFormatStart(bytes);
  const cache = bytes.subarray(start);
  const endian = byteOrder(cache);
  const words = new Words(cache, endian, start);
  const count = words.u32(20);
  if (NEW_HEADER + count * NEW_ENTRY > cache.length)
    throw new ElfError('truncated', start, `${count} cache entries do not fit into ${cache.length} bytes`);
  const hwcaps = hwcapNames(cache, words);
  const entries = new Map<string, CacheEntry[]>();
  for (let at = NEW_HEADER; at < NEW_HEADER + count * NEW_ENTRY; at += NEW_ENTRY) {
    // struct file_entry_new: flags, key, value, osversion (32 bit each), hwcap (64 bit)
    const key = stringAt(cache, words.u32(at + 4));
    const hwcap = words.u64big(at + 16);
    const named = ((hwcap >> 32n) & ~0x3ffn) === 0x40000000n;
    const entry = {
      path: stringAt(cache, words.u32(at + 8)),
      flags: words.u32(at),
      hwcap: named ? (hwcaps[Number(hwcap & 0xffffffffn)] ?? '?') : undefined,
      legacyHwcap: !named && hwcap !== 0n,
    };
    const known = entries.get(key);
    if (known) known.push(entry);
    else entries.set(key, [entry]);
  }
  return entries;
}

function newFormatStart(bytes: Uint8Array): number {
  if (!startsWith(bytes, OLD_MAGIC)) return 0;
  for (const endian of ['little', 'big'] as const) {
    const count = new Words(bytes, endian).u32(12);
    const end = OLD_HEADER + count * OLD_ENTRY;
    const aligned = Math.ceil(end / 8) * 8;
    if (aligned < bytes.length && startsWith(bytes.subarray(aligned), NEW_MAGIC)) return aligned;
  }
  throw new ElfError('magic', 0, 'an ld.so.cache of a format before glibc 2.2');
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

/** Extension section 1 lists the names of hwcaps by index (glibc sysdeps/generic/dl-cache.h). */
function hwcapNames(cache: Uint8Array, words: Words): string[] {
  const extension = words.u32(32);
  if (extension === 0 || words.u32(extension) !== EXTENSION_MAGIC) return [];
  const sections = words.u32(extension + 4);
  const names: string[] = [];
  for (let i = 0; i < sections; i++) {
    const section = extension + 8 + i * 16;
    if (words.u32(section) !== HWCAPS_TAG) continue;
    const offset = words.u32(section + 8);
    const size = words.u32(section + 12);
    for (let at = offset; at + 4 <= offset + size; at += 4) names.push(stringAt(cache, words.u32(at)));
  }
  return names;
}

function stringAt(cache: Uint8Array, offset: number): string {
  const end = cache.indexOf(0, offset);
  if (offset >= cache.length || end < 0) throw new ElfError('string', offset, 'a cache string has no end');
  return text(cache.subarray(offset, end));
}

function startsWith(bytes: Uint8Array, magic: string): boolean {
  for (let i = 0; i < magic.length; i++) if (bytes[i] !== magic.charCodeAt(i)) return false;
  return true;
}
