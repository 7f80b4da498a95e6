import type { ElfFacts } from '../elf/facts.ts';
import { glibc, musl } from '../libc/libc.ts';
import { type ByteEdit, textEdit } from './edit.ts';
import { notSealable, slotEdits } from './slots.ts';
import { type ReadOnlyPart, readOnlyParts } from '../elf/compiled-in.ts';
import { stringOffsets } from './sites.ts';
import { closeVariables } from './variables.ts';

/** The edits that make a copy of a loader take nothing from the host. */
export interface Seal {
  /** Byte edits only, because patchelf breaks loaders. */
  readonly edits: readonly ByteEdit[];
  /** The private directory as written, padded with slashes: `/usr/local/btop///lib/`. `undefined`: it was not written. */
  readonly slot: string | undefined;
  /** The default directories of the sealed loader, in the order in which `--list-diagnostics` prints them. */
  readonly directories: readonly string[];
  /** Variables that the sealed loader should ignore. Only running it proves that. */
  readonly closed: readonly string[];
  /** Variables that it still obeys, because flix cannot close them on this machine. */
  readonly open: readonly string[];
}

/** Paths below a character device always fail with ENOTDIR, whatever anybody writes to the host. */
const FILES = [
  [glibc.cacheFile, '/dev/null/cache'],
  [glibc.preloadFile, '/dev/null/preload'],
] as const;

/**
 * Seals a glibc loader: it uses no cache, no preload file, and no default directory except `libraryDirectory`, and ignores
 * LD_LIBRARY_PATH, LD_PRELOAD and LD_AUDIT if the machine permits closing them.
 * Throws `FlixError` `loader-not-sealable` if the loader lacks something that every known glibc has.
 * @param libraryDirectory `Placement.slot`; `undefined` closes every default directory, so that run paths are needed
 * @param path of the loader, for messages
 */
export function sealGlibc(
  content: Uint8Array,
  facts: ElfFacts,
  libraryDirectory: string | undefined,
  path = 'the loader',
): Seal {
  const parts = readOnlyParts(content, facts);
  const files = FILES.map(([from, to]) => {
    const why = `closes ${from}`;
    return textEdit(onlyString(parts, from, path), from, to.padEnd(from.length, '\0'), why);
  });
  const { edits, slot, directories } = slotEdits(content, libraryDirectory, path);
  const variables = closeVariables(parts, facts.header);
  return { ...variables, edits: [...files, ...edits, ...variables.edits], slot, directories };
}

/**
 * Seals musl's loader, which has no cache and no preload file, and which reads its search directories from a file of its
 * prefix. musl passes whole names to getenv, which finds no variable whose name begins with `=`.
 * Throws `FlixError` `loader-not-sealable`.
 */
export function sealMusl(content: Uint8Array, facts: ElfFacts, path = 'the loader'): Seal {
  const parts = readOnlyParts(content, facts);
  const edits = musl.variables.map(name =>
    textEdit(onlyString(parts, name, path), name[0]!, '=', `closes ${name}`),
  );
  return { edits, slot: undefined, directories: [], closed: musl.variables, open: [] };
}

function onlyString(parts: readonly ReadOnlyPart[], text: string, path: string): number {
  const found = stringOffsets(parts, text);
  if (found.length !== 1) throw notSealable(path, `it contains ${text} ${found.length} times, not once`);
  return found[0]!;
}
