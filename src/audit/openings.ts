import type { ElfHeader } from '../elf/facts.ts';
import { type Part, readOnlyParts } from '../elf/read-only-parts.ts';
import { arm64Sites } from '../relocate/compare-arm64.ts';
import { stringSites } from '../relocate/compare-string.ts';
import { x86Sites } from '../relocate/compare-x86.ts';
import { stringOffsets } from '../relocate/search.ts';
import { closeVariables } from '../relocate/variables.ts';
import type { Loader } from '../resolve/loader.ts';
import { readBytes } from '../view/text.ts';

/** Variables and files outside of the extension by which a loader takes in code that nothing in the extension names. */
export function openingsOf(loader: Loader): string[] {
  const content = readBytes(loader.view, loader.real);
  // what cannot be read closes nothing
  const parts = content ? readOnlyParts(content, loader.facts) : [];
  const variables = openVariablesIn(parts, loader);
  return [...variables, loader.cacheFile, loader.preloadFile].filter(name => name !== undefined);
}

/** @param parts of the loader's file: compiled-in names and the code that compares with them */
export function openVariablesIn(
  parts: readonly Part[],
  { family, facts }: Pick<Loader, 'family' | 'facts'>,
): string[] {
  return family === 'musl' ? openInMusl(parts) : openInGlibc(parts, facts.header);
}

function openInMusl(parts: readonly Part[]): string[] {
  const stands = (text: string) => stringOffsets(parts, text).length > 0;
  return ['LD_LIBRARY_PATH', 'LD_PRELOAD'].filter(name => stands(name) || !stands(`=${name.slice(1)}`));
}

/** Closed is what the loader compares under a sealed name and nowhere under its own; what is not found is open. */
function openInGlibc(parts: readonly Part[], header: ElfHeader): string[] {
  const { closed: unsealed } = closeVariables(parts, header);
  return ['LIBRARY_PATH', 'PRELOAD', 'AUDIT'].flatMap(name => {
    const variable = `LD_${name}`;
    return unsealed.includes(variable) || !comparesSealed(parts, name) ? [variable] : [];
  });
}

/** The seal's `=` is the first byte of the name, in whatever way the machine compares it; nothing else looks so. */
function comparesSealed(parts: readonly Part[], name: string): boolean {
  const sealed = `=${name.slice(1)}`;
  return [x86Sites, arm64Sites, stringSites].some(sites => sites(parts, sealed).length > 0);
}
