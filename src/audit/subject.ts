import { isProgram } from '../elf/classify.ts';
import { sameAbi } from '../elf/machine.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { objectAt, type ObjectFile } from '../view/object.ts';
import { within } from '../view/path.ts';
import { walk } from '../view/walk.ts';
import { type Extension, isOf } from './extension.ts';
import { type Merge, resolveWithin } from './merge.ts';
import { linkedInto } from './wrapped.ts';

/** An ELF file of an extension that is judged by itself, and what the loader loads because of it. */
export interface Subject {
  readonly extension: Extension;
  readonly path: string;
  /** `object`: no program of its extension loads it at start, and no other object of it; for example a plugin. */
  readonly role: 'program' | 'object';
  readonly closure: Closure;
  /** The objects that are loaded because of it, excluding what the representative program had already loaded. */
  readonly objects: readonly LoadedObject[];
}

/** The ELF files of an extension. */
export interface Inventory {
  readonly extension: Extension;
  /** Including static programs. */
  readonly programs: readonly string[];
  readonly objects: readonly string[];
  /** Files that start like ELF files but cannot be read as such. */
  readonly broken: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Lists the ELF files of an extension that are visible in the merged view, that is, not shadowed by another extension.
 */
export function takeInventory(extension: Extension, merge: Merge): Inventory {
  const [programs, objects, broken] = [
    [] as string[],
    [] as string[],
    [] as { path: string; reason: string }[],
  ];
  for (const { path, kind } of walk(extension.view, '/')) {
    if (kind !== 'file' || merge.view.kind(path) !== 'file') continue;
    if (merge.view.source(path).view !== extension.layer || isWrapped(extension, path)) continue;
    const file: ObjectFile = objectAt(merge.view, path);
    if (!file.facts) {
      if (isMalformed(file)) broken.push({ path, reason: file.failure.message });
    } else if (isProgram(file.facts)) programs.push(path);
    else if (file.facts.dynamic) objects.push(path);
  }
  return { extension, programs, objects, broken };
}

/** Whether only wrapped programs see it: no link outside the staged root leads to the file itself. */
function isWrapped({ wrapped, tree }: Extension, path: string): boolean {
  return wrapped !== undefined && within(wrapped.prefix, path) && !linkedInto(tree, wrapped.prefix).has(path);
}

/** Whether it is an ELF file with invalid tables, as opposed to text or a foreign format. */
function isMalformed(file: Extract<ObjectFile, { facts: undefined }>): boolean {
  return 'offset' in file.failure && !['magic', 'short'].includes(file.failure.code);
}

/**
 * Returns the programs, and the objects that none of them loads at start. A program of the same extension loads such an
 * object later, with its own loader and run paths. Which program is unknown, so the one with the fewest problems
 * represents them all. If there is no such program, the host's loader is assumed.
 */
export function subjectsOf({ extension, programs, objects }: Inventory, merge: Merge): Subject[] {
  const started = programs.map((path): Subject => {
    const closure = asStarted(merge.resolve(path));
    return { extension, path, role: 'program', closure, objects: closure.objects };
  });
  const loaded = new Set(
    started.flatMap(({ closure }) => [...closure.objects.map(({ id }) => id), closure.loader?.id]),
  );
  const users = distinctSearches(started);
  const spare = objects.filter(path => !loaded.has(idOf(merge, path)));
  const later = spare.map(path => objectSubject(extension, path, users, merge));
  return [...started, ...withoutDependencies(later, path => idOf(merge, path) ?? path)];
}

/**
 * Leaves out objects that another one loads, such as the library of a plugin: they are judged in its closure, where its run path
 * counts for them, too (DT_RPATH).
 */
function withoutDependencies(subjects: readonly Subject[], idOfPath: (path: string) => string): Subject[] {
  const loads = new Map(
    subjects.map(({ path, objects }) => [idOfPath(path), new Set(objects.map(({ id }) => id))]),
  );
  const dependencies = new Set<string>();
  for (const [of, loaded] of loads)
    for (const id of loaded) {
      const own = id === of ? undefined : loads.get(id);
      // of two that load each other, both are judged
      if (own && !own.has(of)) dependencies.add(id);
    }
  return subjects.filter(({ path }) => !dependencies.has(idOfPath(path)));
}

/**
 * Drops what the resolver found for a program without a loader (a static program, or one whose PT_INTERP does not
 * exist): it used the standard loader of the ABI instead.
 */
function asStarted(closure: Closure): Closure {
  const { entry, loader } = closure;
  const { interpreter } = entry.facts;
  if (interpreter !== undefined && loader?.path === interpreter) return closure;
  const nothing = { loader: undefined, objects: [entry], missing: [], fatal: undefined, versionProblems: [] };
  return { ...closure, ...nothing, interpreterMissing: interpreter };
}

function objectSubject(extension: Extension, path: string, users: readonly Subject[], merge: Merge): Subject {
  const { facts } = objectAt(merge.view, path);
  const candidates = users
    .filter(({ closure }) => facts && sameAbi(closure.entry.facts.header, facts.header))
    .map(user => loadedLater(extension, path, user, merge));
  if (candidates.length === 0) {
    const closure = merge.resolve(path);
    return { extension, path, role: 'object', closure, objects: closure.objects };
  }
  const faults = (subject: Subject) =>
    Number(subject.closure.fatal !== undefined) * 1000 +
    subject.closure.missing.length +
    subject.closure.versionProblems.length +
    subject.objects.filter(({ real }) => !isOf(extension, merge.providerOf(real))).length;
  return candidates.reduce((best, next) => (faults(next) < faults(best) ? next : best));
}

function loadedLater(extension: Extension, path: string, user: Subject, merge: Merge): Subject {
  const closure = resolveWithin(merge.view, user.path, path);
  const before = new Set(user.closure.objects.map(({ id }) => id));
  const own = (requester: LoadedObject) => !before.has(requester.id);
  return {
    extension,
    path,
    role: 'object',
    objects: closure.objects.filter(own),
    closure: {
      ...closure,
      missing: closure.missing.filter(({ tag, requester }) => tag !== 'preload' && own(requester)),
      versionProblems: closure.versionProblems.filter(({ requester }) => own(requester)),
      fatal: user.closure.fatal ? undefined : closure.fatal,
    },
  };
}

/** Returns one program for each combination of loader and run path, which alone determine a search. */
function distinctSearches(programs: readonly Subject[]): Subject[] {
  const users = new Map<string, Subject>();
  for (const program of programs) {
    const { loader, entry } = program.closure;
    if (!loader) continue;
    const { rpath = '', runpath = '' } = entry.facts.dynamic ?? {};
    const origin = rpath.includes('$') ? entry.real : '';
    const key = [loader.id, rpath, runpath, origin].join('\0');
    if (!users.has(key)) users.set(key, program);
  }
  return [...users.values()];
}

function idOf(merge: Merge, path: string): string | undefined {
  const file = objectAt(merge.view, path);
  return file.facts ? file.id : undefined;
}
