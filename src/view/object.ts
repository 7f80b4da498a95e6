import { ElfError } from '../elf/error.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { readElf } from '../elf/read.ts';
import { memoised } from './memo.ts';
import { ReadFailure } from './view.ts';

/** What a file is to a loader that opens it. */
export type ObjectFile =
  | { readonly facts: ElfFacts; readonly id: string }
  | { readonly facts: undefined; readonly failure: ElfError | ReadFailure };

/** The ELF facts of a file, read once. @param path real, of a file of any kind */
export const objectAt = memoised((view, path): ObjectFile => {
  try {
    const file = view.open(path);
    try {
      return { facts: readElf(file, { versions: view.versions }), id: file.id };
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ElfError || error instanceof ReadFailure) return { facts: undefined, failure: error };
    throw error;
  }
});
