import type { DlopenNote } from '../elf/notes.ts';
import type { OpenedName, Origin } from '../resolve/closure.ts';
import { memoised } from '../view/memo.ts';

import { compiledIn } from './compiled-in.ts';
import { callsLoader, dlopenNotesAt } from './evidence.ts';

/** A name that an object may pass to dlopen. */
export interface DlopenName {
  readonly name: string;
  /** `undefined` if the object only contains it as a string. */
  readonly priority: DlopenNote['priority'] | undefined;
  /** All names of the note: the object opens the first that is present. */
  readonly alternatives: readonly string[];
}

/** Returns the names in an object’s dlopen notes, and its strings that look like library names. @param path real */
export const dlopenNamesIn = memoised((view, path): readonly DlopenName[] => {
  const named = new Map<string, DlopenName>();
  for (const { sonames, priority } of dlopenNotesAt(view, path))
    for (const name of sonames) named.set(name, { name, priority, alternatives: sonames });
  for (const name of compiledIn(view, path).libraries)
    if (!named.has(name)) named.set(name, stringName(name));
  return [...named.values()];
});

/**
 * Returns the names that an object opens at run time, as far as it tells: those of its dlopen notes, and its strings if it
 * imports dlopen(3). @param path real
 */
export const openedNamesIn = memoised((view, path): readonly DlopenName[] => {
  const named = dlopenNamesIn(view, path);
  const noted = named.filter(({ priority }) => priority !== undefined);
  const strings = compiledIn(view, path).openable.filter(name => !noted.some(note => note.name === name));
  if (strings.length === 0) return noted;
  return callsLoader(view, path) ? [...noted, ...strings.map(stringName)] : noted;
});

/** Returns what an object tells about a name that it opens. */
export function noteOf({ caller, name }: Pick<OpenedName, 'caller' | 'name'>): DlopenName {
  return openedNamesIn(caller.view, caller.real).find(known => known.name === name)!;
}

/** Whether a library that an object may open comes along, whatever the user chooses: a note or the run path leads to it. */
export function isAlwaysBrought(priority: DlopenName['priority'], origin: Origin | undefined): boolean {
  return (
    priority === 'required' ||
    priority === 'recommended' ||
    origin?.kind === 'rpath' ||
    origin?.kind === 'runpath'
  );
}

function stringName(name: string): DlopenName {
  return { name, priority: undefined, alternatives: [name] };
}
