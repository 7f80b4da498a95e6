import { PT_INTERP } from '../elf/constants.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { type Edit, textEdit } from './edit.ts';

/** Bytes of PT_INTERP, the NUL included: an interpreter of that many bytes less one fits in place. 0: it has none. */
export function interpreterRoom(facts: ElfFacts): number {
  return interpreterSegment(facts)?.filesz ?? 0;
}

/**
 * Sets the interpreter in place where it fits, so that nothing moves and no process is started, else by patchelf.
 * The whole room is padded, since the kernel wants a NUL at its end (fs/binfmt_elf.c).
 * @param facts of a file with an interpreter
 */
export function setInterpreter(facts: ElfFacts, path: string): Edit {
  const segment = interpreterSegment(facts);
  if (!segment || facts.interpreter === undefined)
    throw new Error('a file without an interpreter is to get one');
  const bytes = latin1(path);
  if (bytes.length >= segment.filesz) return { kind: 'interpreter', path };
  const fill = (text: string) => text.padEnd(segment.filesz, '\0');
  return textEdit(segment.offset, fill(latin1(facts.interpreter)), fill(bytes), 'sets the interpreter');
}

function interpreterSegment({ segments }: ElfFacts) {
  return segments.find(({ type }) => type === PT_INTERP);
}

/** One character for each byte of a path. */
function latin1(path: string): string {
  return Buffer.from(path).toString('latin1');
}
