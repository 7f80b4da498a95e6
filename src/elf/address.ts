import { PT_LOAD } from './constants.ts';
import { ElfError } from './error.ts';
import type { Segment } from './facts.ts';

/** The file offset of a virtual address, through the PT_LOAD that holds it. Throws `ElfError` if none does. */
export function offsetOf(segments: readonly Segment[], address: number, what: string): number {
  for (const { type, vaddr, filesz, offset } of segments)
    if (type === PT_LOAD && address >= vaddr && address < vaddr + filesz) return address - vaddr + offset;
  throw new ElfError('address', 0, `${what} at address 0x${address.toString(16)} is in no loaded segment`);
}
