import type { ElfFacts } from '../elf/facts.ts';
import { libcOf } from '../libc/libc.ts';
import type { LoadedObject, OpenedName } from '../resolve/closure.ts';
import { type DlopenName, openedNamesIn } from '../needs/opened-names.ts';
import { findLoader, minorVersion } from '../resolve/loader.ts';
import { resolver } from '../resolve/resolve.ts';
import type { Evidence } from './check.ts';
import { isOf } from './extension.ts';
import type { Merge } from './merge.ts';
import { oncePer } from './once.ts';
import type { Subject } from './subject.ts';

/** The names that objects of an extension open at run time, and what each is. */
export interface OpenedBySubject {
  readonly subject: Subject;
  /** Of callers that belong to the subject’s extension. */
  readonly opened: readonly OpenedName[];
}

/**
 * Looks up the names that the objects of extensions open at run time, by the rules of their loader in the merged view.
 * Objects that no program loads at start are callers only if the extension has its own loader.
 */
export const openedNames = oncePer(({ subjects, merge }: Evidence): readonly OpenedBySubject[] =>
  subjects.flatMap(subject => {
    const { closure, role } = subject;
    if (!closure.loader || closure.fatal) return [];
    if (role === 'object' && !hasOwnLoader(subject, merge)) return [];
    const opened = openedBySubject(subject, merge);
    return opened.length > 0 ? [{ subject, opened }] : [];
  }),
);

function hasOwnLoader({ extension, closure: { loader } }: Subject, merge: Merge): boolean {
  return loader !== undefined && isOf(extension, merge.providerOf(loader.real));
}

function openedBySubject(subject: Subject, merge: Merge): readonly OpenedName[] {
  const { extension, path, closure } = subject;
  const isOwn = ({ real }: LoadedObject) => isOf(extension, merge.providerOf(real));
  const opens = (object: LoadedObject) => (isOwn(object) ? namesOf(object, subject) : []);
  if (!closure.objects.some(object => opens(object).length > 0)) return [];
  const { openedNames: opened } = resolver([merge.view], { opens, libraryLoader: closure.loader })(path);
  return opened;
}

function namesOf(object: LoadedObject, subject: Subject): string[] {
  const named = openedNamesIn(object.view, object.real).map(({ name }) => name);
  return [...new Set([...named, ...openedByLibc(object, subject)])];
}

/** Returns the names that an object opens because it is the libc. */
function openedByLibc({ facts }: LoadedObject, { closure: { loader } }: Subject): readonly string[] {
  if (!loader) return [];
  const { libcName, opens } = libcOf(loader.family);
  return libcName.test(facts.dynamic?.soname ?? '') ? opens(minorVersion(loader)) : [];
}

/** Whether an object opens a name; strings that its dynamic table refers to do not count. */
export function opensByName({ view, real, facts }: LoadedObject, name: string): boolean {
  const known = openedNamesIn(view, real).find(opened => opened.name === name);
  return known !== undefined && (known.priority !== undefined || !isDynamicString(facts, name));
}

function isDynamicString({ dynamic }: ElfFacts, name: string): boolean {
  return dynamic?.soname === name || dynamic?.needed.some(needed => needed.name === name) === true;
}

/** A name that an object of an extension opens at run time and that its loader does not find. */
export interface LostName {
  readonly subject: Subject;
  readonly caller: LoadedObject;
  readonly name: string;
  /** All names of the note, of which none is found. */
  readonly alternatives: readonly string[];
  /** `undefined` if the object only contains the name, or is the libc. */
  readonly priority: DlopenName['priority'];
  /** The libc opens it by itself. */
  readonly isLibc: boolean;
  /** The host’s own loader finds one of them, which the private loader of the extension hides. */
  readonly onHost: boolean;
}

/**
 * Returns the names that a private loader hides although the host has the library, and those of notes that require or
 * recommend a library which nobody provides. Strings that a remark in the manifest names are left out.
 */
export const lostNames = oncePer((evidence: Evidence): readonly LostName[] =>
  openedNames(evidence).flatMap(opening => lostOf(opening, evidence)),
);

function lostOf({ subject, opened }: OpenedBySubject, { merge }: Evidence): LostName[] {
  const { extension, closure } = subject;
  const absent = opened.flatMap(({ name, to }) => (to ? [] : [name]));
  const hidden = hasOwnLoader(subject, merge) ? namesOnHost(absent, closure.entry, merge) : new Set();
  const found = new Set(opened.flatMap(({ name, to }) => (to ? [name] : [])));
  const needed = new Set(closure.missing.map(({ name }) => name));
  const isComplete = merge.host !== undefined || extension.claim === 'self-contained';
  return opened.flatMap(({ caller, name }) => {
    const isLibc = openedByLibc(caller, subject).includes(name);
    const note = openedNamesIn(caller.view, caller.real).find(known => known.name === name);
    const { priority, alternatives = [name] } = { ...note };
    const onHost = alternatives.some(other => hidden.has(other));
    if (priority === undefined) {
      const isDeclared = extension.promises?.openedNames.includes(name) === true;
      if (!onHost || isDeclared || !(isLibc || opensByName(caller, name))) return [];
    } else if (!onHost && (!isComplete || priority === 'suggested')) return [];
    // the first name stands for its note; a missing DT_NEEDED library is a finding of its own
    const isOther = alternatives[0] !== name;
    if (isOther || alternatives.some(other => found.has(other) || needed.has(other))) return [];
    return [{ subject, caller, name, alternatives, priority, isLibc, onHost }];
  });
}

/** Returns those of the names that the host’s own loader finds for programs of the ABI and libc of an entry. */
function namesOnHost(names: readonly string[], { facts }: LoadedObject, { host }: Merge): Set<string> {
  if (!host || names.length === 0) return new Set();
  const loader = findLoader(host.view, { ...facts, interpreter: undefined });
  if (!loader) return new Set();
  const opens = ({ id }: LoadedObject) => (id === loader.id ? names : []);
  const { openedNames: found } = resolver([host.view], { opens, libraryLoader: loader })(loader.real);
  return new Set(found.flatMap(({ name, to }) => (to ? [name] : [])));
}
