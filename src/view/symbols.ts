import { ElfError } from '../elf/error.ts';
import { readSymbols, type Symbols } from '../elf/symbols.ts';
import { memoised } from './memo.ts';
import { objectAt } from './object.ts';
import { ReadFailure, type View } from './view.ts';

/**
 * The dynamic symbols of an object, read once however many views show it; `undefined`: it has none that can be read.
 * @param path real
 */
export function symbolsAt(view: View, path: string): Symbols | undefined {
  const source = view.source(path);
  return symbolsIn(source.view, source.path);
}

const symbolsIn = memoised((view, path): Symbols | undefined => {
  const { facts } = objectAt(view, path);
  if (!facts?.dynamic) return undefined;
  try {
    const file = view.open(path);
    try {
      return readSymbols(file, facts);
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ElfError || error instanceof ReadFailure) return undefined;
    throw error;
  }
});
