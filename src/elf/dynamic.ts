import { rangeFrom } from './header.ts';
import * as c from './constants.ts';
import { ElfError } from './error.ts';
import type { Dynamic, ElfHeader, Needed, NeededTag, Segment } from './facts.ts';
import { type Reader, readRange } from './reader.ts';
import { StringTable } from './strings.ts';
import { Words } from './words.ts';

/** libxul has about 60; no real file has a thousand. */
const MAX_ENTRIES = 65_536;

/** A raw entry. A value above 2^53 - 1 is clipped to it. */
interface DynamicEntry {
  readonly tag: number;
  readonly value: number;
}

/** PT_DYNAMIC up to DT_NULL. */
export interface DynamicTable {
  readonly entries: readonly DynamicEntry[];
  /** Offset of the table in the file, in bytes. */
  readonly offset: number;
  /** Size of an entry, in bytes. */
  readonly entrySize: number;
  /** Returns the value of the last entry with this tag, which is the one that loaders use (glibc elf/get-dynamic-info.h). */
  value(tag: number): number | undefined;
}

/**
 * Reads the dynamic table as the loader does: of several PT_DYNAMIC, the last one; at its address, not its offset; up to
 * DT_NULL, whatever its size is (glibc elf/dl-load.c, elf/get-dynamic-info.h). `undefined`: the file has none, or an empty
 * one, as debug information has. Throws `ElfError`.
 */
export function readDynamicTable(
  reader: Reader,
  header: ElfHeader,
  segments: readonly Segment[],
): DynamicTable | undefined {
  const segment = segments.findLast(({ type, filesz }) => type === c.PT_DYNAMIC && filesz > 0);
  if (!segment) return undefined;
  const size = header.class === 64 ? 16 : 8;
  const { offset, end } = rangeFrom(segments, segment.vaddr, 'PT_DYNAMIC');
  const limit = Math.min(Math.floor((end - offset) / size), MAX_ENTRIES + 1);
  const stated = Math.min(Math.ceil(segment.filesz / size), limit);
  const read = (count: number) =>
    entriesOf(readRange(reader, offset, count * size, 'PT_DYNAMIC'), header, offset);
  const fits = offset + stated * size <= reader.size;
  let found = fits ? read(stated) : undefined;
  if (!found?.complete) found = read(Math.min(limit, Math.floor((reader.size - offset) / size)));
  // a file that was cut off lacks the end of the table
  if (!found.complete && end > reader.size) read(limit);
  const { entries } = found;
  if (entries.length > MAX_ENTRIES)
    throw new ElfError('limit', offset, `more than ${MAX_ENTRIES} dynamic entries`);
  const values = new Map(entries.map(({ tag, value }) => [tag, value]));
  return {
    entries,
    offset,
    entrySize: size,
    value: tag => values.get(tag),
  };
}

/** @returns the entries before DT_NULL, and whether there is one */
function entriesOf(
  bytes: Uint8Array,
  header: ElfHeader,
  offset: number,
): { readonly entries: DynamicEntry[]; readonly complete: boolean } {
  const wide = header.class === 64;
  const words = new Words(bytes, header.endian, offset);
  const entries: DynamicEntry[] = [];
  for (let at = 0; at < bytes.length; at += wide ? 16 : 8) {
    const tag = wide ? words.u64clipped(at) : words.u32(at);
    if (tag === c.DT_NULL) return { entries, complete: true };
    entries.push({ tag, value: wide ? words.u64clipped(at + 8) : words.u32(at + 4) });
  }
  return { entries, complete: false };
}

/** Opens the string table that DT_STRTAB points to. Loaders ignore DT_STRSZ. Throws `ElfError`. */
export function dynamicStrings(
  reader: Reader,
  segments: readonly Segment[],
  table: DynamicTable,
): StringTable {
  const address = table.value(c.DT_STRTAB);
  if (address === undefined) throw new ElfError('string', 0, 'PT_DYNAMIC has no DT_STRTAB');
  const { offset, end } = rangeFrom(segments, address, 'DT_STRTAB');
  return new StringTable(reader, offset, Math.min(end, reader.size) - offset);
}

const NEEDED_TAGS: ReadonlyMap<number, NeededTag> = new Map([
  [c.DT_NEEDED, 'needed'],
  [c.DT_AUXILIARY, 'auxiliary'],
  [c.DT_FILTER, 'filter'],
]);

/** Extracts what the loader's search depends on. Calls `strings` only if an entry refers to a string. */
export function interpretDynamic(table: DynamicTable, strings: () => StringTable): Dynamic {
  const needed: Needed[] = [];
  const runPathEntries: { tag: number; offset: number }[] = [];
  let flags1Offset: number | undefined;
  table.entries.forEach(({ tag, value }, index) => {
    const kind = NEEDED_TAGS.get(tag);
    if (kind) needed.push({ tag: kind, name: strings().at(value) });
    const offset = table.offset + index * table.entrySize;
    if (tag === c.DT_RPATH || tag === c.DT_RUNPATH) runPathEntries.push({ tag, offset });
    if (tag === c.DT_FLAGS_1) flags1Offset = offset + table.entrySize / 2;
  });
  const string = (tag: number) => {
    const index = table.value(tag);
    return index === undefined ? undefined : strings().at(index);
  };
  return {
    needed,
    soname: string(c.DT_SONAME),
    rpath: string(c.DT_RPATH),
    runpath: string(c.DT_RUNPATH),
    runPathEntries,
    flags1: table.value(c.DT_FLAGS_1) ?? 0,
    flags1Offset,
    relr: table.value(c.DT_RELR) !== undefined,
  };
}
