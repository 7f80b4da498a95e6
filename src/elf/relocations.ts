import { offsetOf } from './header.ts';
import * as c from './constants.ts';
import type { DynamicTable } from './dynamic.ts';
import type { ElfHeader, Segment } from './facts.ts';
import { ElfError } from './error.ts';
import { machineOf } from './machine.ts';
import { type Reader, readRange } from './reader.ts';
import { MAX_TABLE } from './table.ts';
import { Words } from './words.ts';

/**
 * Returns the indices of the symbols that the loader looks up to relocate an object. `true`: by a copy relocation, for
 * which the loader skips the program's own definition.
 */
export function relocatedSymbols(
  reader: Reader,
  header: ElfHeader,
  segments: readonly Segment[],
  table: DynamicTable,
): Map<number, boolean> {
  const symbols = new Map<number, boolean>();
  // MIPS binds symbols through another table, and packs r_info differently
  if (header.machine === c.EM_MIPS) return symbols;
  const copy = machineOf(header)?.copyRelocation;
  const wide = header.class === 64;
  const tables = [
    { at: c.DT_RELA, size: c.DT_RELASZ, relative: c.DT_RELACOUNT, explicit: true },
    { at: c.DT_REL, size: c.DT_RELSZ, relative: c.DT_RELCOUNT, explicit: false },
    {
      at: c.DT_JMPREL,
      size: c.DT_PLTRELSZ,
      relative: undefined,
      explicit: table.value(c.DT_PLTREL) === c.DT_RELA,
    },
  ];
  for (const { at, size, relative, explicit } of tables) {
    const address = table.value(at);
    const bytes = table.value(size);
    if (address === undefined || !bytes) continue;
    const entry = (wide ? 16 : 8) + (explicit ? header.class / 8 : 0);
    // relative relocations, which need no symbol, come first
    const skipped = (relative === undefined ? 0 : (table.value(relative) ?? 0)) * entry;
    if (skipped >= bytes) continue;
    if (bytes > MAX_TABLE) throw new ElfError('limit', 0, `${bytes} bytes of relocations`);
    const start = offsetOf(segments, address, 'a relocation table') + skipped;
    const words = new Words(readRange(reader, start, bytes - skipped, 'a relocation table'), header.endian);
    for (let offset = 0; offset + entry <= words.length; offset += entry) {
      const symbol = wide ? words.half(offset + 8, true) : words.u32(offset + 4) >>> 8;
      if (symbol === 0) continue;
      const type = wide ? words.half(offset + 8, false) : words.u32(offset + 4) & 0xff;
      if (type === copy) symbols.set(symbol, true);
      else if (!symbols.has(symbol)) symbols.set(symbol, false);
    }
  }
  return symbols;
}
