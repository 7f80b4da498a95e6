import { isProgram } from '../elf/classify.ts';
import { sameAbi } from '../elf/machine.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { objectAt, type ObjectFile } from '../view/object.ts';
import { walk } from '../view/walk.ts';
import { type Extension, isOf } from './extension.ts';
import { type Merge, resolveWithin } from './merge.ts';

/** An ELF file of an extension that is looked at by itself, and what it makes the loader load. */
export interface Subject {
  readonly extension: Extension;
  readonly path: string;
  /** `object`: no program of its extension loads it at its start; a plugin, say. */
  readonly role: 'program' | 'object';
  readonly closure: Closure;
  /** What is loaded because of it; without what the program that stands in for its user had loaded before. */
  readonly objects: readonly LoadedObject[];
}

/** What the ELF files of an extension are. */
export interface Inventory {
  readonly extension: Extension;
  /** Static ones too. */
  readonly programs: readonly string[];
  readonly objects: readonly string[];
  /** Files that begin as ELF files do and cannot be read as one. */
  readonly broken: readonly { readonly path: string; readonly reason: string }[];
}

/** ELF files of an extension that the merged view shows: what another extension shadows is not there. */
export function takeInventory(extension: Extension, merge: Merge): Inventory {
  const [programs, objects, broken] = [
    [] as string[],
    [] as string[],
    [] as { path: string; reason: string }[],
  ];
  for (const { path, kind } of walk(extension.view, '/')) {
    if (kind !== 'file' || merge.view.kind(path) !== 'file') continue;
    if (merge.view.source(path).view !== extension.layer) continue;
    const file: ObjectFile = objectAt(merge.view, path);
    if (!file.facts) {
      if (isTorn(file)) broken.push({ path, reason: file.failure.message });
    } else if (isProgram(file.facts)) programs.push(path);
    else if (file.facts.dynamic) objects.push(path);
  }
  return { extension, programs, objects, broken };
}

/** Not text, not a foreign file: an ELF file whose tables lie. */
function isTorn(file: Extract<ObjectFile, { facts: undefined }>): boolean {
  return 'offset' in file.failure && !['magic', 'short'].includes(file.failure.code);
}

/**
 * Programs, and the objects that none of them loads. Such an object belongs to the programs of its own extension: it
 * is loaded after the start of one of them, by its loader and with its run paths. We do not know which, so the one
 * that serves it best stands for all. Only without such a program it is the host's loader that takes it.
 */
export function subjectsOf({ extension, programs, objects }: Inventory, merge: Merge): Subject[] {
  const started = programs.map((path): Subject => {
    const closure = asStarted(merge.resolve(path));
    return { extension, path, role: 'program', closure, objects: closure.objects };
  });
  const loaded = new Set(
    started.flatMap(({ closure }) => [...closure.objects.map(({ id }) => id), closure.loader?.id]),
  );
  const users = distinctUsers(started);
  const spare = objects.filter(path => !loaded.has(idOf(merge, path)));
  return [...started, ...spare.map(path => objectSubject(extension, path, users, merge))];
}

/**
 * A static program, and one whose PT_INTERP leads nowhere, has no loader; the resolver takes the ABI's, for want of a
 * better one.
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

/** One program for each loader and run path: what else they load makes no difference to a search. */
function distinctUsers(programs: readonly Subject[]): Subject[] {
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
