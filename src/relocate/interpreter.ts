import { PT_INTERP } from '../elf/constants.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { type Edit, textEdit } from './edit.ts';

/** Returns the size of PT_INTERP in bytes, including the NUL; a shorter path fits in place. 0: the file has none. */
export function interpreterRoom(facts: ElfFacts): number {
  return interpreterSegment(facts)?.filesz ?? 0;
}

/**
 * Returns the edit that sets the interpreter: in place if the path fits, otherwise by patchelf. An edit in place is
 * padded to the size of PT_INTERP, because the kernel requires a NUL at its end (fs/binfmt_elf.c).
 * @param facts of a file that has an interpreter
 */
export function setInterpreter(facts: ElfFacts, path: string): Edit {
  const segment = interpreterSegment(facts);
  if (!segment || facts.interpreter === undefined) throw new Error('the file has no interpreter to replace');
  const bytes = latin1(path);
  if (bytes.length >= segment.filesz) return { kind: 'interpreter', path };
  const fill = (text: string) => text.padEnd(segment.filesz, '\0');
  return textEdit(segment.offset, fill(latin1(facts.interpreter)), fill(bytes), 'sets the interpreter');
}

function interpreterSegment({ segments }: ElfFacts) {
  return segments.find(({ type }) => type === PT_INTERP);
}

/** Returns a path with one character per byte. */
function latin1(path: string): string {
  return Buffer.from(path).toString('latin1');
}
