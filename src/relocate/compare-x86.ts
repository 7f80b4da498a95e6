import type { ReadOnlyPart } from '../elf/compiled-in.ts';
import { insideText, occurrences, type NameSite } from './sites.ts';

/**
 * Finds the name in x86 code, which compares four or eight bytes at once with an immediate operand. Returns nothing if
 * the name's first four bytes also occur in code where no such operand is recognised.
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
/** Size of the displacement by ModRM.mod, in bytes; a register operand (3) has none. */
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
    // mod 0 with rm 5 addresses a global, but the names that a loader compares are on the stack
    if (mod === 0 && rm === 5) continue;
    if (length === 1 + (mod !== 3 && rm === SIB ? 1 : 0) + DISPLACEMENT[mod]!) return true;
  }
  return false;
}
