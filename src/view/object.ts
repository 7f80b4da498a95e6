import { isProgram } from '../elf/classify.ts';
import { ElfError } from '../elf/error.ts';
import { readElf } from '../elf/read.ts';
import { type Kind, type ObjectFile, ReadFailure, type View } from './view.ts';
import type { ElfFacts } from '../elf/facts.ts';
import type { Reader } from '../elf/reader.ts';
import { readSymbols, type Symbols } from '../elf/symbols.ts';
import { memoisedRecent } from './memo.ts';

export type { ObjectFile };

/** `\x7fELF` */
const ELF_MAGIC = 0x7f454c46;

/** What `objectAt` returns for a file that is not an ELF file. One object for all: making an error costs more than reading the first bytes. */
export const noElf: ObjectFile = {
  facts: undefined,
  failure: new ElfError('magic', 0, 'not an ELF file: it does not begin with \\x7fELF'),
};

/** What `objectAt` returns for a file of less than four bytes. */
export const tooShort: ObjectFile = {
  facts: undefined,
  failure: new ElfError('short', 0, 'too short for an ELF file'),
};

/**
 * Returns the ELF facts of a file, which are read once, however many views show the file. Does not remember files that are
 * not ELF files: a root has tens of thousands of them, and hardly any is requested again.
 *
 * @param path real, of a file of any kind
 * @param kind the kind, if the caller knows it from a listing
 */
export function objectAt(view: View, path: string, kind?: Kind): ObjectFile {
  let known = objects.get(view);
  if (!known) objects.set(view, (known = new Map()));
  const remembered = known.get(path);
  if (remembered) return remembered;
  const source = (kind ?? view.kind(path)) === undefined ? undefined : view.source(path);
  const shared = source && source.view !== view;
  const object = shared ? objectAt(source.view, source.path) : readObject(view, path, kind);
  if (object !== noElf && object !== tooShort) known.set(path, object);
  return object;
}

const objects = new WeakMap<View, Map<string, ObjectFile>>();

function readObject(view: View, path: string, kind: Kind | undefined): ObjectFile {
  const recorded = view.record?.object(path);
  if (recorded) return recorded;
  try {
    const file = view.open(path, kind);
    try {
      // most files of a root are not ELF files, so this is decided before anything is parsed or thrown
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
}

/** Returns whether the file at a real path is an ELF program. */
export function isProgramAt(view: View, real: string): boolean {
  const { facts } = objectAt(view, real);
  return facts !== undefined && isProgram(facts);
}

/** Reads a part of an ELF file that is not among its facts; `undefined` if it cannot be read. */
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

/**
 * Returns the dynamic symbols of an object, which are read once, however many views show it; `undefined` if there are none
 * or they cannot be read.
 * @param path real
 */
export function symbolsAt(view: View, path: string): Symbols | undefined {
  const source = view.source(path);
  const { record } = source.view;
  return record ? record.symbols(source.path) : symbolsIn(source.view, source.path);
}

/** The symbols of an object take 40 kB on average; those of more objects than the largest closures have would fill the memory of an audit. */
const symbolsIn = memoisedRecent(512, (view, path): Symbols | undefined =>
  readElfPart(view, path, readSymbols),
);
