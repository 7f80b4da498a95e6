import { readSymbols, type Symbols } from '../elf/symbols.ts';
import { memoised } from './memo.ts';
import { readElfPart } from './read-elf-part.ts';
import type { View } from './view.ts';

/**
 * The dynamic symbols of an object, read once however many views show it; `undefined`: it has none that can be read.
 * @param path real
 */
export function symbolsAt(view: View, path: string): Symbols | undefined {
  const source = view.source(path);
  return symbolsIn(source.view, source.path);
}

const symbolsIn = memoised((view, path): Symbols | undefined =>
  view.record ? view.record.symbols(path) : readElfPart(view, path, readSymbols),
);
