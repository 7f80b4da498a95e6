import type { ElfFacts } from '../elf/facts.ts';
import { readOnlyParts } from '../elf/compiled-in.ts';
import { type LibcFamily, musl } from '../libc/libc.ts';
import { stringOffsets } from './sites.ts';
import { openGlibcVariables } from './variables.ts';

/** What has to be known about a loader to tell what it leaves open. */
interface InspectedLoader {
  readonly family: LibcFamily;
  readonly facts: ElfFacts;
  /** The files that it reads, as compiled in; a sealed loader names neither. */
  readonly cacheFile?: string | undefined;
  readonly preloadFile?: string | undefined;
}

/**
 * Returns the variables and the files of the host through which a loader takes in code that no file of the program
 * names. A sealed loader leaves none open.
 *
 * @param content the loader's file; `undefined` if it cannot be read, and then everything counts as open
 */
export function loaderOpenings(content: Uint8Array | undefined, loader: InspectedLoader): string[] {
  const { family, facts, cacheFile, preloadFile } = loader;
  const parts = content ? readOnlyParts(content, facts) : [];
  const contains = (text: string) => stringOffsets(parts, text).length > 0;
  const variables =
    family === 'musl'
      ? musl.variables.filter(name => contains(name) || !contains(`=${name.slice(1)}`))
      : openGlibcVariables(parts, facts.header);
  return [...variables, cacheFile, preloadFile].filter(name => name !== undefined);
}
