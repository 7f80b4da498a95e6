import type { Endian } from '../../src/elf/facts.ts';
import { Bytes, Strings } from './bytes.ts';

/** An entry of ld.so.cache (glibc sysdeps/generic/dl-cache.h, `struct file_entry_new`). */
export interface CacheEntry {
  /** The name that the loader looks up: a DT_SONAME. */
  readonly key: string;
  readonly value: string;
  /** Architecture and libc; default 0x303, which is x86-64. */
  readonly flags?: number;
  /** The name of a subdirectory of `glibc-hwcaps`. */
  readonly hwcap?: string;
  /** Bits of the old scheme: 63 for `tls`, 1 for `x86_64`. */
  readonly legacyHwcaps?: readonly number[];
}

/** What is wrong with a cache on purpose. */
export interface CacheDamage {
  /** The entries stand in the order in which they are given. */
  readonly unsorted?: boolean;
  /** The header's endian field. */
  readonly declares?: number;
  /** Numbers that replace others: of the entry, by its index in the file, with this field. */
  readonly fields?: readonly {
    readonly entry: number;
    readonly field: 'key' | 'value';
    readonly is: number;
  }[];
}

const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER = 48;
const ENTRY = 24;
/** DL_CACHE_HWCAP_EXTENSION in the upper half of `hwcap`; the lower half is an index into the extension's names. */
const HWCAP_EXTENSION = 0x40000000;
const EXTENSION_MAGIC = 0xeaa42174;
const TAG_HWCAPS = 1;

/** Writes what ldconfig would (elf/cache.c, `save_cache`): entries sorted by `_dl_cache_libcmp`, in descending order. */
export function writeCache(
  given: readonly CacheEntry[],
  endian: Endian = 'little',
  { unsorted = false, declares, fields = [] }: CacheDamage = {},
): Uint8Array {
  const hwcaps = [...new Set(given.flatMap(({ hwcap }) => hwcap ?? []))].sort();
  const entries = [...given];
  if (!unsorted)
    entries.sort(
      (a, b) => compareNames(b.key, a.key) || Number(b.hwcap !== undefined) - Number(a.hwcap !== undefined),
    );
  const strings = new Strings();
  const stringsAt = HEADER + entries.length * ENTRY;
  const at = (text: string) => stringsAt + strings.add(text);

  const table = new Bytes(64, endian);
  entries.forEach(({ key, value, flags = 0x303, hwcap, legacyHwcaps = [] }, index) => {
    const damaged = (field: 'key' | 'value') =>
      fields.find(({ entry, field: which }) => entry === index && which === field)?.is;
    table.u32(flags, damaged('key') ?? at(key), damaged('value') ?? at(value), 0);
    // the halves of a 64-bit integer are in byte order
    const legacy = legacyHwcaps.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
    const halves =
      hwcap === undefined
        ? [Number(legacy & 0xffffffffn), Number(legacy >> 32n)]
        : [hwcaps.indexOf(hwcap), HWCAP_EXTENSION];
    table.u32(...(endian === 'little' ? halves : halves.toReversed()));
  });
  const names = hwcaps.map(at);
  const extensionAt = Math.ceil((stringsAt + strings.bytes.length) / 4) * 4;
  const header = new Bytes(64, endian)
    .raw(new TextEncoder().encode(MAGIC))
    .u32(entries.length, strings.bytes.length)
    .raw([declares ?? (endian === 'little' ? 2 : 3), 0, 0, 0])
    .u32(hwcaps.length > 0 ? extensionAt : 0)
    .align(HEADER);
  const out = header.raw(table.done()).raw(strings.bytes).align(4);
  if (hwcaps.length > 0)
    out
      .u32(EXTENSION_MAGIC, 1)
      .u32(TAG_HWCAPS, 0, extensionAt + 24, 4 * names.length)
      .u32(...names);
  return out.done();
}

/** Compares runs of digits as numbers (glibc elf/dl-cache.c, `_dl_cache_libcmp`), as the loader does in its binary search. */
function compareNames(a: string, b: string): number {
  const left = runs(a);
  const right = runs(b);
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [l, r] = [left[at]!, right[at]!];
    const [lDigits, rDigits] = [/^\d/.test(l), /^\d/.test(r)];
    if (lDigits !== rDigits) return lDigits ? 1 : -1;
    const difference = lDigits ? Number(l) - Number(r) : l.charCodeAt(0) - r.charCodeAt(0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function runs(name: string): string[] {
  return name.match(/\d+|\D/g) ?? [];
}
