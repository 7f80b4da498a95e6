import { isProgram } from '../elf/classify.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';
import { familyNeeds } from './family.ts';
import { moduleNeeds } from './modules.ts';
import { programsOfDependencies } from './dependency-programs.ts';
import { textsAt } from './evidence.ts';
import { isDispensable, namedPaths } from './named-paths.ts';
import { besideNeeds } from './neighbours.ts';
import { type Need, reaches, weakened } from './need.ts';
import { isScript, scriptNeeds } from './scripts.ts';

/** A file whose needs are sought. */
export interface Subject {
  /** The root that has it. */
  readonly view: View;
  /** Real. */
  readonly path: string;
  /** It came with a directory or may be loaded, so that the programs that the user named may do without it. */
  readonly optional: boolean;
  /** With `optional`: a script among the programs of the tree, which users may start. */
  readonly isProgram?: boolean;
}

/**
 * Returns what a program, library or script needs at run time, as its own file shows it; none for data.
 *
 * @param around in which the paths are looked up
 */
export function needsOf({ view, path, optional }: Subject, around: View): readonly Need[] {
  let found = searches.get(around);
  if (!found) searches.set(around, (found = memoised((root, file) => search(root, file, around))));
  const needs = found(view, path);
  if (!optional) return needs;
  const isElf = objectAt(view, path).facts !== undefined;
  return needs.map(need => inDirectory(need, isElf));
}

/** Plans of both modes search each file once. */
const searches = new WeakMap<View, (view: View, path: string) => readonly Need[]>();

function search(view: View, path: string, around: View): readonly Need[] {
  const { facts } = objectAt(view, path);
  const needs = facts
    ? [
        ...familyNeeds(view, path, facts, around),
        ...namedPaths(view, path, facts, around),
        ...namedPrograms(view, path),
        ...(isProgram(facts) ? [] : besideNeeds(view, path)),
      ]
    : isScript(view, path)
      ? [...scriptNeeds(view, path, around), ...moduleNeeds(view, path, around)]
      : [];
  const strongest = new Map<string, Need>();
  for (const found of needs) {
    // one file may be named by several paths, as /bin/sh and /usr/bin/sh
    const need = { ...found, what: resolveParent(around, found.what) };
    if (isDispensable(need.what)) continue;
    const key = follow(around, need.what).path ?? need.what;
    const known = strongest.get(key);
    const [first, second] = known && reaches(known.strength, need.strength) ? [known, need] : [need, known];
    const { owner, lookup } = first.owner ? first : { owner: second?.owner, lookup: second?.lookup };
    const hidden = first.hidden ?? second?.hidden;
    const more = { ...(owner && { owner }), ...(lookup && { lookup }), ...(hidden && { hidden }) };
    strongest.set(key, { ...first, ...more });
  }
  return [...strongest.values()];
}

/** Returns the programs whose names are strings of an object, and on whose packages its own package depends. */
function namedPrograms(view: View, path: string): Need[] {
  const source = view.source(path);
  const programs = programsOfDependencies(source.view, source.path);
  return textsAt(view, path).words.map(text => ({
    what: programs.get(text)!,
    strength: 'recommended',
    evidence: { kind: 'program', file: path, text },
    declared: true,
  }));
}

/** Weakens a need of a file that came with a directory. */
function inDirectory(need: Need, isElf: boolean): Need {
  // data of its own is as good as the file itself, and a library with no module of its own would load those of a host
  if (need.evidence.kind === 'path' || need.lookup?.modules || need.declared) return need;
  if (isElf) return { ...need, strength: weakened(need.strength) };
  // a script may be an example, of which a directory may have many
  return reaches(need.strength, 'suggested') ? { ...need, strength: 'suggested' } : need;
}
