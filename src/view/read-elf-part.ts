import { ElfError } from '../elf/error.ts';
import type { ElfFacts } from '../elf/facts.ts';
import type { Reader } from '../elf/reader.ts';
import { objectAt } from './object.ts';
import { ReadFailure, type View } from './view.ts';

/** What a part of an ELF file says that is not read with its facts; `undefined` where it cannot be read. */
export function readElfPart<T>(
  view: View,
  path: string,
  read: (reader: Reader, facts: ElfFacts) => T,
): T | undefined {
  const { facts } = objectAt(view, path);
  if (!facts) return undefined;
  try {
    const file = view.open(path);
    try {
      return read(file, facts);
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ElfError || error instanceof ReadFailure) return undefined;
    throw error;
  }
}
