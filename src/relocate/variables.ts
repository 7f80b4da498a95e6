import type { ElfHeader } from '../elf/facts.ts';
import { machineOf, type NameComparison } from '../elf/machine.ts';
import type { ReadOnlyPart } from '../elf/compiled-in.ts';
import { glibc } from '../libc/libc.ts';
import { arm64Sites } from './compare-arm64.ts';
import { x86Sites } from './compare-x86.ts';
import { type ByteEdit, textEdit } from './edit.ts';
import { insideText, occurrences, type NameSite, stringOffsets } from './sites.ts';

type FindSites = (parts: readonly ReadOnlyPart[], name: string) => NameSite[];

const FIND: Readonly<Record<NameComparison, FindSites>> = {
  'immediate operands': x86Sites,
  'move instructions': arm64Sites,
  strings: stringSites,
};

/** glibc since 2.39 compares each name twice: for ordinary and for setuid programs (process_envvars_default, _secure). */
const MAX_SITES = 2;

/**
 * Closes a glibc loader's variables: the first byte of each name that it compares becomes `=`, which no variable's
 * name can contain. Any other byte would only rename the variable.
 *
 * @returns the edits, the variables that they close, and those that stay open because their names were not found
 */
export function closeVariables(
  parts: readonly ReadOnlyPart[],
  header: ElfHeader,
): { edits: ByteEdit[]; closed: string[]; open: string[] } {
  const edits: ByteEdit[] = [];
  const closed: string[] = [];
  const open: string[] = [];
  const comparison = machineOf(header)?.namesComparedBy;
  for (const variable of glibc.variables) {
    const sites = comparison ? FIND[comparison](parts, comparedName(variable)) : [];
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

/**
 * Returns the variables that a glibc loader obeys. A variable counts as closed only if the loader compares the sealed
 * spelling and never the original one; if neither is found, it counts as open.
 */
export function openGlibcVariables(parts: readonly ReadOnlyPart[], header: ElfHeader): string[] {
  const { closed: unsealed } = closeVariables(parts, header);
  return glibc.variables.filter(
    variable => unsealed.includes(variable) || !comparesSealed(parts, comparedName(variable)),
  );
}

/** glibc compares only what follows `LD_` (elf/rtld.c, process_envvars). */
function comparedName(variable: string): string {
  return variable.slice('LD_'.length);
}

/** Nothing in an unsealed loader looks like a sealed name, so this may look for it in every way that some machine compares. */
function comparesSealed(parts: readonly ReadOnlyPart[], name: string): boolean {
  const sealed = `=${name.slice(1)}`;
  return Object.values(FIND).some(find => find(parts, sealed).length > 0);
}

/**
 * Finds the name in read-only data: 32-bit ARM calls memcmp, and s390x uses CLC. Returns nothing if it occurs more
 * than once, or if the code contains its first four bytes too.
 */
function stringSites(parts: readonly ReadOnlyPart[], name: string): NameSite[] {
  const immediate = name.slice(0, 4);
  if (parts.some(part => occurrences(part, immediate).some(at => !insideText(part, at)))) return [];
  const found = stringOffsets(parts, name);
  return found.length === 1 ? [{ offset: found[0]!, before: name[0]!, after: '=' }] : [];
}
