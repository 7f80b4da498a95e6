import { isProgram } from '../elf/classify.ts';
import type { ElfFacts } from '../elf/facts.ts';
import type { Edit } from './edit.ts';
import { setInterpreter } from './interpreter.ts';

/**
 * The recipe of `--seal none`: interpreter, no default directories, and RUNPATH on everything, by patchelf, with
 * the loader as it is. Nothing for a static program.
 */
export function firstGenerationEdits(
  facts: ElfFacts,
  { interpreter, libraryDirectory }: { readonly interpreter: string; readonly libraryDirectory: string },
): Edit[] {
  const edits: Edit[] = [];
  if (facts.interpreter !== undefined && isProgram(facts)) edits.push(setInterpreter(facts, interpreter));
  // a static PIE of Go's has an interpreter and a dynamic table, and loads nothing
  if (facts.dynamic && !(isProgram(facts) && facts.dynamic.needed.length === 0))
    edits.push({ kind: 'no-default-lib' }, { kind: 'run-path', value: libraryDirectory, force: 'runpath' });
  return edits;
}
