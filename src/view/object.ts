import { ElfError } from '../elf/error.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { readElf } from '../elf/read.ts';
import { memoised } from './memo.ts';
import { ReadFailure } from './view.ts';

/** What a file is to a loader that opens it. */
export type ObjectFile =
  | { readonly facts: ElfFacts; readonly id: string }
  | { readonly facts: undefined; readonly failure: ElfError | ReadFailure };

/** `\x7fELF` */
const ELF_MAGIC = 0x7f454c46;

const noElf: ObjectFile = {
  facts: undefined,
  failure: new ElfError('magic', 0, 'no ELF file: it does not begin with \\x7fELF'),
};

const tooShort: ObjectFile = {
  facts: undefined,
  failure: new ElfError('short', 0, 'too short for an ELF file'),
};

/** The ELF facts of a file, read once. @param path real, of a file of any kind */
export const objectAt = memoised((view, path): ObjectFile => {
  try {
    const file = view.open(path);
    try {
      // most files of a root are no ELF files: told apart before anything is parsed or thrown
      if (file.magic !== ELF_MAGIC) return file.magic === undefined ? tooShort : noElf;
      return { facts: readElf(file, { versions: view.versions }), id: file.id };
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ElfError || error instanceof ReadFailure)
      return { facts: undefined, failure: error };
    throw error;
  }
});
