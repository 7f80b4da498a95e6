import type { ReadOnlyPart } from '../elf/compiled-in.ts';
import { occurrences, type NameSite } from './sites.ts';

/**
 * Finds the name in arm64 code, which builds its first four or eight bytes in a register (MOVZ, then MOVK for the other
 * halfwords, with other instructions between them) or loads eight bytes from a literal pool.
 */
export function arm64Sites(parts: readonly ReadOnlyPart[], name: string): NameSite[] {
  const literals = name.length >= 8 ? parts.flatMap(part => literalSites(part, name)) : [];
  // a literal pool contains each value once, so one of them is something else
  if (literals.length > 1) return [];
  return [
    ...literals,
    ...parts.filter(({ executable }) => executable).flatMap(part => chainSites(part, name)),
  ];
}

/** Finds eight aligned bytes that are not the beginning of the whole name. */
function literalSites(part: ReadOnlyPart, name: string): NameSite[] {
  return occurrences(part, name.slice(0, 8))
    .filter(at => (part.base + at) % 8 === 0 && !part.bytes.toString('latin1', at).startsWith(name))
    .map(at => ({ offset: part.base + at, before: name[0]!, after: '=' }));
}

/** A64, Move wide (immediate): the opcode without sf, hw, imm16 and Rd. */
const MOVZ = 0x52800000;
const MOVK = 0x72800000;
const OPCODE = 0x7f800000;
/** More instructions than compilers spread one constant over. */
const WINDOW = 12;

interface Move {
  readonly opcode: number;
  readonly shift: number;
  readonly value: number;
  readonly register: number;
}

function chainSites({ base, bytes }: ReadOnlyPart, name: string): NameSite[] {
  const halves = [0, 2, 4, 6].map(at => name.charCodeAt(at) | (name.charCodeAt(at + 1) << 8));
  const sites: NameSite[] = [];
  for (let at = (4 - (base % 4)) % 4; at + 4 <= bytes.length; at += 4) {
    const first = moveAt(bytes, at);
    if (first?.opcode !== MOVZ || first.shift !== 0 || first.value !== halves[0]) continue;
    const built = [first.value];
    for (let next = at + 4; next <= at + 4 * WINDOW && next + 4 <= bytes.length; next += 4) {
      const move = moveAt(bytes, next);
      if (move?.register !== first.register) continue;
      if (move.opcode === MOVZ) break;
      built[move.shift] = move.value;
    }
    const size = name.length >= 8 ? 4 : 2;
    if (halves.slice(0, size).every((half, index) => built[index] === half))
      sites.push({ offset: base + at, ...firstByteReplaced(bytes.readUInt32LE(at)) });
  }
  return sites;
}

function moveAt(bytes: Buffer, at: number): Move | undefined {
  const word = bytes.readUInt32LE(at);
  const opcode = word & OPCODE;
  if (opcode !== MOVZ && opcode !== MOVK) return undefined;
  return { opcode, shift: (word >>> 21) & 3, value: (word >>> 5) & 0xffff, register: word & 31 };
}

/** Replaces the low byte of imm16 (bits 5 to 20), which is the first byte of the name. */
function firstByteReplaced(word: number): { before: string; after: string } {
  const replaced = ((word & ~(0xff << 5)) | ('='.charCodeAt(0) << 5)) >>> 0;
  return { before: latin1(word), after: latin1(replaced) };
}

function latin1(word: number): string {
  return String.fromCharCode(...[0, 8, 16, 24].map(shift => (word >>> shift) & 0xff));
}
