import type { ReadOnlyPart } from '../elf/compiled-in.ts';
import { insideText, occurrences, type NameSite } from './sites.ts';

/**
 * x86 compares four or eight bytes at once with an immediate operand. Every place of the first four bytes in code
 * has to be such an operand: one that cannot be read makes the whole name unsure.
 */
export function x86Sites(parts: readonly ReadOnlyPart[], name: string): NameSite[] {
  const sites: NameSite[] = [];
  for (const part of parts) {
    if (!part.executable) continue;
    for (const at of occurrences(part, name.slice(0, 4))) {
      if (insideText(part, at)) continue;
      if (!isOperand(part.bytes, at)) return [];
      sites.push({ offset: part.base + at, before: name[0]!, after: '=' });
    }
  }
  return sites;
}

/** Group 1 with imm32: ModRM.reg 7 is CMP, 6 is XOR (Intel SDM 2, table A-6). */
const GROUP_1 = 0x81;
const SIB = 4;
/** Bytes of displacement by ModRM.mod; a register (3) has none. */
const DISPLACEMENT = [0, 1, 4, 0] as const;

function isOperand(code: Buffer, at: number): boolean {
  const opcode = code[at - 1] ?? 0;
  // cmp $imm,%eax; mov $imm,%r32; with REX.W the latter is movabs $imm64,%r64
  if (opcode === 0x3d || (opcode >= 0xb8 && opcode <= 0xbf)) return true;
  // cmpl $imm,disp(base,index): the ModRM byte is 1 to 6 bytes back
  for (let length = 1; length <= 6; length++) {
    if (code[at - length - 1] !== GROUP_1) continue;
    const modrm = code[at - length]!;
    const [mod, reg, rm] = [modrm >> 6, (modrm >> 3) & 7, modrm & 7];
    if (reg !== 7 && reg !== 6) continue;
    // mod 0 with rm 5 is an address of 4 bytes: names are on the stack, and no one compares a global with them
    if (mod === 0 && rm === 5) continue;
    if (length === 1 + (mod !== 3 && rm === SIB ? 1 : 0) + DISPLACEMENT[mod]!) return true;
  }
  return false;
}
