import type { ElfHeader } from '../elf/facts.ts';
import { machineOf, type NameComparison } from '../elf/machine.ts';
import { arm64Sites } from './compare-arm64.ts';
import { stringSites } from './compare-string.ts';
import { x86Sites } from './compare-x86.ts';
import { type ByteEdit, textEdit } from './edit.ts';
import type { Part } from '../elf/read-only-parts.ts';

/** The variables by which foreign code comes in; glibc compares what follows `LD_` (elf/rtld.c, process_envvars). */
const VARIABLES = ['LIBRARY_PATH', 'PRELOAD', 'AUDIT'] as const;

/**
 * Where a loader holds the first byte of a compared name. Empty: it was not found, or what was found is ambiguous.
 * `before` and `after` are latin1.
 */
export interface Site {
  /** In the file, in bytes. */
  readonly offset: number;
  readonly before: string;
  readonly after: string;
}

const SITES: Readonly<Record<NameComparison, (parts: readonly Part[], name: string) => Site[]>> = {
  'immediate operands': x86Sites,
  'move instructions': arm64Sites,
  strings: stringSites,
};

/** glibc ≥ 2.39 compares once for ordinary and once for setuid programs (process_envvars_default, _secure). */
const MAX_SITES = 2;

/** `=` becomes the first byte of each compared name: no variable can be called so. Another letter would only rename. */
export function closeVariables(
  parts: readonly Part[],
  header: ElfHeader,
): { edits: ByteEdit[]; closed: string[]; open: string[] } {
  const edits: ByteEdit[] = [];
  const closed: string[] = [];
  const open: string[] = [];
  const comparison = machineOf(header)?.namesComparedBy;
  const find = comparison && SITES[comparison];
  for (const name of VARIABLES) {
    const variable = `LD_${name}`;
    const sites = find?.(parts, name) ?? [];
    if (sites.length === 0 || sites.length > MAX_SITES) {
      open.push(variable);
      continue;
    }
    closed.push(variable);
    for (const { offset, before, after } of sites)
      edits.push(textEdit(offset, before, after, `closes ${variable}`));
  }
  return { edits, closed, open };
}
