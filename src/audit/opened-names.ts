import { libcOf } from '../libc/libc.ts';
import type { LoadedObject, OpenedName } from '../resolve/closure.ts';
import { minorVersion } from '../resolve/loader.ts';
import { openedNamesIn } from '../needs/opened-names.ts';
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
