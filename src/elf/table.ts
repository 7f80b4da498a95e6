import { rangeFrom } from './header.ts';
import * as c from './constants.ts';
import type { DynamicTable } from './dynamic.ts';
import { ElfError } from './error.ts';
import type { ElfFacts } from './facts.ts';
import { type Reader, readRange } from './reader.ts';
import { Words } from './words.ts';

/** Tables of which the dynamic table gives only the address: one ends where the next begins, at the latest. */
const ADDRESSES: ReadonlySet<number> = new Set([
  c.DT_HASH,
  c.DT_STRTAB,
  c.DT_SYMTAB,
  c.DT_RELA,
  c.DT_REL,
  c.DT_JMPREL,
  c.DT_GNU_HASH,
  c.DT_VERSYM,
  c.DT_VERDEF,
  c.DT_VERNEED,
]);
/** In bytes. The largest table of a real library, libLLVM's string table, has 4 MB. */
export const MAX_TABLE = 64 * 1024 * 1024;

/**
 * Reads a table whose size is not recorded, up to where the next one begins or its segment ends. `undefined`: the
 * dynamic table has no such entry. Throws `ElfError`.
 * @param tag DT_SYMTAB, for example
 */
export function tableBytes(
  reader: Reader,
  { segments }: ElfFacts,
  table: DynamicTable,
  tag: number,
  what: string,
): Uint8Array | undefined {
  const address = table.value(tag);
  if (address === undefined) return undefined;
  const range = rangeFrom(segments, address, what);
  const following = table.entries.flatMap(({ tag: other, value }) =>
    ADDRESSES.has(other) && value > address ? [value] : [],
  );
  const length = Math.min(...following.map(next => next - address), range.end - range.offset);
  if (length > MAX_TABLE) throw new ElfError('limit', 0, `${what} has ${length} bytes`);
  return readRange(reader, range.offset, length, what);
}

/** Reads such a table as integers. */
export function tableAt(
  reader: Reader,
  facts: ElfFacts,
  table: DynamicTable,
  tag: number,
  what: string,
): Words | undefined {
  const bytes = tableBytes(reader, facts, table, tag, what);
  return bytes && new Words(bytes, facts.header.endian);
}
