import { isProgram } from '../elf/classify.ts';
import type { ElfFacts } from '../elf/facts.ts';
import type { Edit } from './edit.ts';

/** What run paths have to achieve for one file. */
interface RunPathWants {
  /** The private directory, real or by the alias. */
  readonly libraryDirectory: string;
  /** The sealed loader has the private directory compiled in, so that it is searched anyway. */
  readonly compiledIn: boolean;
  /** Directories in the tree that the file's own run path leads to and that hold libraries which stay there. */
  readonly directories?: readonly string[];
}

/**
 * The file's own run path leads to the host, or to nothing: it is removed, or replaced by where its libraries are now.
 * RPATH, since RUNPATH comes after LD_LIBRARY_PATH and is not inherited by plugins' dependencies.
 */
export function relocatedRunPath(
  { dynamic }: ElfFacts,
  { libraryDirectory, compiledIn, directories = [] }: RunPathWants,
): Edit[] {
  if (!dynamic) return [];
  const brought = dynamic.rpath !== undefined || dynamic.runpath !== undefined;
  if (compiledIn && !brought) return [];
  const value = [...directories, ...(compiledIn ? [] : [libraryDirectory])].join(':');
  return [{ kind: 'run-path', value: value === '' ? undefined : value, force: 'rpath' }];
}

/**
 * The recipe of `--seal none`: interpreter, no default directories, and RUNPATH on everything, all by patchelf, with
 * the loader as it is. Nothing for a static program.
 */
export function firstGenerationEdits(
  facts: ElfFacts,
  { interpreter, libraryDirectory }: { readonly interpreter: string; readonly libraryDirectory: string },
): Edit[] {
  const edits: Edit[] = [];
  if (facts.interpreter !== undefined && isProgram(facts))
    edits.push({ kind: 'interpreter', path: interpreter });
  // a static PIE of Go's has an interpreter and a dynamic table, and loads nothing
  if (facts.dynamic && !(isProgram(facts) && facts.dynamic.needed.length === 0))
    edits.push({ kind: 'no-default-lib' }, { kind: 'run-path', value: libraryDirectory, force: 'runpath' });
  return edits;
}
