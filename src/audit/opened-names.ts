import { libcOf } from '../libc/libc.ts';
import type { LoadedObject, OpenedName } from '../resolve/closure.ts';
import { type DlopenName, openedNamesIn } from '../needs/opened-names.ts';
import { findLoader, type Loader, minorVersion } from '../resolve/loader.ts';
import { resolver, type Resolver } from '../resolve/resolve.ts';
import { foundAlone } from './alone.ts';
import type { Evidence } from './check.ts';
import { type Extension, isOf } from './extension.ts';
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
export const openedNames = oncePer(
  (evidence: Evidence): readonly OpenedBySubject[] => openedAlone(evidence) ?? openedIn(evidence),
);

const openedAlone = foundAlone(openedIn);

function openedIn({ subjects, merge }: Evidence): OpenedBySubject[] {
  const searches = new Map<Extension, Map<Loader, Search>>();
  return subjects.flatMap(subject => {
    const { extension, path, role, closure } = subject;
    const { loader } = closure;
    if (!loader || closure.fatal || (role === 'object' && !hasOwnLoader(subject, merge))) return [];
    const ofExtension = searches.get(extension) ?? new Map<Loader, Search>();
    searches.set(extension, ofExtension);
    const search = ofExtension.get(loader) ?? searchFor(extension, loader, merge);
    ofExtension.set(loader, search);
    if (!closure.objects.some(object => search.opens(object).length > 0)) return [];
    return [{ subject, opened: search.resolve(path).openedNames }];
  });
}

function hasOwnLoader({ extension, closure: { loader } }: Subject, merge: Merge): boolean {
  return loader !== undefined && isOf(extension, merge.providerOf(loader.real));
}

/** How the objects of an extension open names with one loader. */
interface Search {
  readonly opens: (object: LoadedObject) => readonly string[];
  readonly resolve: Resolver;
}

function searchFor(extension: Extension, loader: Loader, merge: Merge): Search {
  const opens = (object: LoadedObject) => {
    if (!isOf(extension, merge.providerOf(object.real))) return [];
    const named = openedNamesIn(object.view, object.real).filter(opened => isOpened(opened, object));
    return [...new Set([...named.map(({ name }) => name), ...openedByLibc(object, loader)])];
  };
  return { opens, resolve: resolver([merge.view], { opens, libraryLoader: loader }) };
}

/** Returns the names that an object opens because it is the libc. */
function openedByLibc({ facts }: LoadedObject, loader: Loader): readonly string[] {
  const { libcName, opens } = libcOf(loader.family);
  return libcName.test(facts.dynamic?.soname ?? '') ? opens(minorVersion(loader)) : [];
}

/** Strings to which the dynamic table refers are not opened. */
function isOpened({ name, priority }: DlopenName, { facts: { dynamic } }: LoadedObject): boolean {
  if (priority !== undefined || !dynamic) return true;
  return dynamic.soname !== name && !dynamic.needed.some(needed => needed.name === name);
}

/** Whether an object opens a name, as far as its notes and strings tell. */
export function opensByName(object: LoadedObject, name: string): boolean {
  const known = openedNamesIn(object.view, object.real).find(opened => opened.name === name);
  return known !== undefined && isOpened(known, object);
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
    const isLibc = openedByLibc(caller, closure.loader!).includes(name);
    const note = openedNamesIn(caller.view, caller.real).find(known => known.name === name);
    const { priority, alternatives = [name] } = { ...note };
    const onHost = alternatives.some(other => hidden.has(other));
    if (priority === undefined) {
      const isDeclared = extension.promises?.openedNames.includes(name) === true;
      if (!onHost || isDeclared) return [];
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
