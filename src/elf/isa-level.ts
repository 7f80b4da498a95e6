import { EM_386, EM_X86_64, PT_GNU_PROPERTY } from './constants.ts';
import type { ElfFacts } from './facts.ts';
import { readNotes } from './notes.ts';
import type { Reader } from './reader.ts';
import { Words } from './words.ts';

const NT_GNU_PROPERTY_TYPE_0 = 5;
const GNU_PROPERTY_X86_ISA_1_NEEDED = 0xc0008002;

/**
 * The level of x86-64 that an object says it needs: 1 (every processor) to 4; 1 where it says nothing (x86-64 psABI,
 * "Program Property"). glibc since 2.33 refuses an object above that of the processor. Throws `ElfError`.
 */
export function isaLevel(reader: Reader, { header, segments }: ElfFacts): number {
  if (header.machine !== EM_X86_64 && header.machine !== EM_386) return 1;
  let needed = 1;
  for (const { name, type, desc } of readNotes(reader, header, segments, PT_GNU_PROPERTY)) {
    if (name !== 'GNU' || type !== NT_GNU_PROPERTY_TYPE_0) continue;
    const words = new Words(desc, header.endian);
    for (let at = 0; at + 8 <= desc.length;) {
      const size = words.u32(at + 4);
      if (words.u32(at) === GNU_PROPERTY_X86_ISA_1_NEEDED && size === 4) needed |= words.u32(at + 8);
      at += 8 + Math.ceil(size / (header.class / 8)) * (header.class / 8);
    }
  }
  // one bit for each level
  return Math.min(4, 32 - Math.clz32(needed));
}
