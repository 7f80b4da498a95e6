import { readTexts, type Texts } from '../elf/compiled-in.ts';
import { ElfError } from '../elf/error.ts';
import { type DlopenNote, readDlopenNotes } from '../elf/notes.ts';
import { importsAmong } from '../elf/symbols.ts';
import { glibc } from '../libc/libc.ts';
import { memoisedRecent } from '../view/memo.ts';
import { readElfPart } from '../view/object.ts';
import type { View } from '../view/view.ts';
import { programsOfDependencies } from './dependency-programs.ts';
import { families } from './families.ts';

/** What the bytes of an object show about its needs. The object is opened only once. */
interface Evidence {
  readonly notes: readonly DlopenNote[];
  readonly texts: Texts;
  /** The functions among `CALLS` that it imports. */
  readonly calls: ReadonlySet<string>;
}

/** Functions that load a library while a program runs. */
const LOADS = ['dlopen', 'dlmopen'];
/** Functions that tell an object where its own file is. */
const LOCATES = ['dladdr', 'dladdr1'];
const CALLS = new Set([
  ...LOADS,
  ...LOCATES,
  ...glibc.nameService.calls,
  ...families.flatMap(({ imports = [] }) => imports),
]);

const NONE: Evidence = {
  notes: [],
  texts: { whole: [], parts: [], joined: [], words: [] },
  calls: new Set(),
};

/** The number of objects whose evidence is kept: the strings of a large library take a megabyte. */
const MAX_KEPT = 512;

const readOnce = memoisedRecent(MAX_KEPT, (view, path): Evidence => {
  const evidence =
    readElfPart(view, path, (reader, facts) => ({
      notes: unlessMalformed(NONE.notes, () => readDlopenNotes(reader, facts)),
      texts: unlessMalformed(NONE.texts, () =>
        readTexts(reader, facts, [...programsOfDependencies(view, path).keys()]),
      ),
      calls: unlessMalformed(NONE.calls, () => importsAmong(reader, facts, CALLS)),
    })) ?? NONE;
  if (!view.record) return evidence;
  const recorded = view.record.symbols(path)?.references ?? [];
  return { ...evidence, calls: new Set(recorded.map(({ name }) => name).filter(name => CALLS.has(name))) };
});

/** Returns `none` if a part of an object is malformed, so that its other parts count nevertheless. */
function unlessMalformed<T>(none: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ElfError) return none;
    throw error;
  }
}

/** Reads an object once, however many views show it. */
function evidenceIn(view: View, path: string): Evidence {
  const source = view.source(path);
  return readOnce(source.view, source.path);
}

/** Returns the notes about libraries that an object opens; none if they cannot be read. @param path real */
export function dlopenNotesAt(view: View, path: string): readonly DlopenNote[] {
  return evidenceIn(view, path).notes;
}

/** Returns the strings of an object; none if they cannot be read. @param path real */
export function textsAt(view: View, path: string): Texts {
  return evidenceIn(view, path).texts;
}

/** Whether an object imports a function that loads libraries. @param path real */
export function callsLoader(view: View, path: string): boolean {
  return callsAny(view, path, LOADS);
}

/** Whether an object imports a function that tells where its own file is. @param path real */
export function callsLocator(view: View, path: string): boolean {
  return callsAny(view, path, LOCATES);
}

/** Whether an object imports one of some functions, which must be among `CALLS`. @param path real */
export function callsAny(view: View, path: string, names: readonly string[]): boolean {
  const { calls } = evidenceIn(view, path);
  return names.some(name => calls.has(name));
}
