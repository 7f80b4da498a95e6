import { DF_1_PIE, ET_EXEC } from './constants.ts';
import type { ElfFacts } from './facts.ts';

/**
 * A program is ET_EXEC, or has DF_1_PIE, or has an interpreter and no DT_SONAME: libc.so.6 and libcap carry a
 * PT_INTERP too, so that they print their version when they are run, and are libraries all the same.
 */
export function isProgram(facts: ElfFacts): boolean {
  if (facts.header.type === ET_EXEC) return true;
  if (((facts.dynamic?.flags1 ?? 0) & DF_1_PIE) !== 0) return true;
  return facts.interpreter !== undefined && facts.dynamic?.soname === undefined;
}
