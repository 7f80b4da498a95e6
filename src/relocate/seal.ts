import type { ElfFacts } from '../elf/facts.ts';
import { glibc, musl } from '../libc/libc.ts';
import { type ByteEdit, textEdit } from './edit.ts';
import { notSealable, slotEdits } from './slots.ts';
import { type ReadOnlyPart, readOnlyParts } from '../elf/compiled-in.ts';
import { stringOffsets } from './sites.ts';
import { closeVariables } from './variables.ts';

/** A loader that takes nothing from the host, as edits of a copy of it. */
export interface Seal {
  /** Same-length byte edits and nothing else: a loader does not survive patchelf. */
  readonly edits: readonly ByteEdit[];
  /** The private directory as written, padded with slashes: `/usr/local/btop///lib/`. `undefined`: no slot holds it. */
  readonly slot: string | undefined;
  /** The default directories of the sealed loader, in the order in which `--list-diagnostics` prints them. */
  readonly directories: readonly string[];
  /** Variables that the sealed loader is expected to ignore. Only a run of it proves that. */
  readonly closed: readonly string[];
  /** Variables that still reach the host's files: nothing is known to close them on this machine type. */
  readonly open: readonly string[];
}

/** Below a character device: ENOTDIR for ever, whoever writes to the host. */
const FILES = [
  [glibc.cacheFile, '/dev/null/cache'],
  [glibc.preloadFile, '/dev/null/preload'],
] as const;

/**
 * Seals a glibc loader: no cache, no preload file, no default directory but `libraryDirectory`, no LD_LIBRARY_PATH,
 * LD_PRELOAD and LD_AUDIT where the machine type allows it.
 * Throws `FlixError` `loader-not-sealable` where the loader does not hold what every known glibc holds.
 * @param libraryDirectory as `Placement.slot` has it; `undefined`: every default directory is closed, run paths serve
 * @param path for messages
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
 * Seals musl's loader, which has no cache and no preload file, and whose directories are in the path file of its
 * prefix. musl looks the whole names up with getenv, which finds nothing under a name that begins with `=`.
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
  if (found.length !== 1)
    throw notSealable(path, `${text} stands in it ${found.length} times instead of once`);
  return found[0]!;
}
