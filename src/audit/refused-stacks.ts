import { sameAbi } from '../elf/machine.ts';
import type { LoadedObject } from '../resolve/closure.ts';
import { compiledIn } from '../needs/compiled-in.ts';
import { addedBy, needingStack, refusesStack } from '../resolve/executable-stack.ts';
import { basename } from '../view/path.ts';
import type { Evidence } from './check.ts';
import { isOf } from './extension.ts';
import { hostChanges } from './host-change.ts';
import { oncePer } from './once.ts';
import { openedNames, opensByName } from './opened-names.ts';
import type { Subject } from './subject.ts';

/** An object that dlopen refuses in every program that could open it, because it needs an executable stack. */
export interface RefusedStack {
  readonly subject: Subject;
  readonly object: LoadedObject;
  /** An object of the extension that names it, and so probably opens it. */
  readonly caller: LoadedObject | undefined;
}

export const refusedStacks = oncePer((evidence: Evidence): readonly RefusedStack[] => {
  const refused = [...refusedObjects(evidence), ...refusedNames(evidence)];
  if (refused.length === 0) return [];
  const started = startedObjects(evidence);
  return refused.filter(({ object }) => !started.has(object.id));
});

/** Yields refused objects that no program of their extension loads at start. */
function* refusedObjects(evidence: Evidence): Generator<RefusedStack> {
  for (const subject of evidence.subjects) {
    const { loader } = subject.closure;
    if (subject.role !== 'object' || !loader || !refusesStack(loader)) continue;
    const [first] = needingStack(loader, [], subject.objects);
    if (!first || programsFor(subject, evidence).some(canOpen)) continue;
    yield { subject, object: first, caller: callerOf(first, subject, evidence) };
  }
}

/** Returns the programs of the extension that could open an object. */
function programsFor({ extension, closure }: Subject, { subjects }: Evidence): Subject[] {
  const { header } = closure.loader!.facts;
  return subjects.filter(
    ({ role, extension: own, closure: { loader } }) =>
      role === 'program' && own === extension && loader && sameAbi(loader.facts.header, header),
  );
}

/** Whether a program can open objects that need an executable stack. */
function canOpen({ closure: { loader, objects } }: Subject): boolean {
  return !refusesStack(loader!) || objects.some(({ facts }) => facts.executableStack);
}

/** Returns an object of the extension that opens a file by its name, or contains its path. */
function callerOf(
  { id, real }: LoadedObject,
  { extension }: Subject,
  { subjects, merge }: Evidence,
): LoadedObject | undefined {
  const own = subjects
    .filter(subject => subject.extension === extension)
    .flatMap(({ objects }) => objects)
    .filter(object => object.id !== id && isOf(extension, merge.providerOf(object.real)));
  return own.find(
    object =>
      opensByName(object, basename(real)) || compiledIn(object.view, object.real).programs.includes(real),
  );
}

/** Yields what programs of extensions open by name and are refused. */
function* refusedNames(evidence: Evidence): Generator<RefusedStack> {
  for (const { subject, opened } of openedNames(evidence)) {
    const { loader, objects } = subject.closure;
    if (subject.role !== 'program' || !refusesStack(loader!)) continue;
    for (const { caller, to } of opened) {
      const [first] = to ? needingStack(loader!, objects, addedBy(to, objects)) : [];
      if (first) yield { subject, object: first, caller };
    }
  }
}

/** Returns the identities of what programs of extensions, and programs of the host that extensions affect, load at start. */
function startedObjects({ subjects, merge }: Evidence): ReadonlySet<string> {
  const programs = subjects.filter(({ role }) => role === 'program').map(({ closure }) => closure);
  const ofHost = hostChanges(merge)
    .filter(({ object: { role } }) => role === 'program')
    .map(({ after }) => after);
  return new Set([...programs, ...ofHost].flatMap(({ objects }) => objects.map(({ id }) => id)));
}
