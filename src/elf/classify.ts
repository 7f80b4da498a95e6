import { DF_1_PIE, ET_EXEC, PF_X, PT_LOAD } from './constants.ts';
import type { ElfFacts } from './facts.ts';

/**
 * Whether a file is a program: it is ET_EXEC, or has DF_1_PIE, or has an interpreter but no DT_SONAME. libc.so.6 and
 * libcap have a PT_INTERP too, so that they can print their version when they are run, but are libraries.
 */
export function isProgram(facts: ElfFacts): boolean {
  if (hasNoCode(facts)) return false;
  if (facts.header.type === ET_EXEC) return true;
  if (((facts.dynamic?.flags1 ?? 0) & DF_1_PIE) !== 0) return true;
  return facts.interpreter !== undefined && facts.dynamic?.soname === undefined;
}

/**
 * Whether the code of a file is elsewhere: `objcopy --only-keep-debug` keeps the program headers of the original, but
 * none of the bytes that they describe. Nobody runs or loads such a file.
 */
function hasNoCode({ segments }: Pick<ElfFacts, 'segments'>): boolean {
  let code = 0;
  for (const { type, flags, filesz, memsz } of segments) {
    if (type !== PT_LOAD || (flags & PF_X) === 0) continue;
    if (filesz !== 0 || memsz <= 0) return false;
    code++;
  }
  return code > 0;
}
