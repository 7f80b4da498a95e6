import { DF_1_PIE, ET_EXEC } from './constants.ts';
import type { ElfFacts } from './facts.ts';

/**
 * Whether a file is a program: it is ET_EXEC, or has DF_1_PIE, or has an interpreter but no DT_SONAME. libc.so.6 and
 * libcap have a PT_INTERP too, so that they can print their version when they are run, but are libraries.
 */
export function isProgram(facts: ElfFacts): boolean {
  if (facts.header.type === ET_EXEC) return true;
  if (((facts.dynamic?.flags1 ?? 0) & DF_1_PIE) !== 0) return true;
  return facts.interpreter !== undefined && facts.dynamic?.soname === undefined;
}
