import type { Remark } from '../manifest/manifest.ts';
import type { Closure, LoadedObject, Searched } from '../resolve/closure.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { join } from '../view/path.ts';
import type { Placed } from './gathering.ts';
import { MissingLibraries } from './missing-libraries.ts';
import type { Excluded, PlanRequest } from './request.ts';
import { directoryWith } from './served.ts';

/** An ELF file with a place in the tree, and what it loads. */
export interface PlacedClosure {
  readonly role: 'entry' | 'program' | 'object';
  readonly target: string;
  readonly closure: Closure;
  /** See `Placed`. */
  readonly optional?: boolean;
}

/** Whether programs that the user named may do without an ELF file. */
export function isOptional({ role, optional }: Pick<PlacedClosure, 'role' | 'optional'>): boolean {
  return role === 'object' || optional === true;
}

/** Resolves the closures of ELF files of the tree. Throws `FlixError` if a program lacks a library. */
export function resolvePlaced(
  { excluded, strict }: Pick<PlanRequest, 'excluded' | 'strict'>,
  placed: readonly Placed[],
  resolve: (file: Placed) => Closure,
): PlacedClosure[] {
  const closures = placed.map((file): PlacedClosure => ({
    role: file.role,
    target: file.target,
    closure: resolve(file),
    optional: isOptional(file),
  }));
  judgeMissing(closures, excluded, strict);
  return closures;
}

/**
 * Reports what objects lack, and what --exclude-lib left out.
 * @param isServed see `judgeMissing`
 */
export function closureRemarks(
  closures: readonly PlacedClosure[],
  { excluded, strict }: Pick<PlanRequest, 'excluded' | 'strict'>,
  isServed: (target: string, name: string) => boolean,
): Remark[] {
  const remarks = judgeMissing(closures, excluded, strict, isServed);
  for (const { target, closure } of closures)
    for (const name of new Set(excludedNames(closure, excluded)))
      remarks.push({
        code: 'library-left-out',
        file: target,
        message: `${name} is left out: ${excluded(name)}`,
      });
  return remarks;
}

/** Returns the names that a closure needs and that --exclude-lib leaves out. */
function excludedNames(closure: Closure, excluded: Excluded): string[] {
  const loaded = [closure.entry, ...reachable(closure, closure.entry, excluded)];
  return loaded.flatMap(({ edges }) => edges.map(({ name }) => name)).filter(excluded);
}

/**
 * Reports what keeps programs from starting in one `FlixError`. A library that only an object in a directory lacks is a
 * remark: plugins of distribution packages may need a package that is only suggested.
 *
 * @param strict missing libraries of objects are errors, too
 * @param isServed tells whether an object that cannot find a name by itself finds it in the finished tree
 */
export function judgeMissing(
  closures: readonly PlacedClosure[],
  excluded: Excluded,
  strict: boolean,
  isServed: (target: string, name: string) => boolean = () => false,
): Remark[] {
  const failures: string[] = [];
  const libraries: string[] = [];
  const remarks: Remark[] = [];
  for (const placed of closures) {
    const optional = isOptional(placed) && !strict;
    const problems = problemsOf(
      placed.closure,
      name => excluded(name) !== undefined || (optional && isServed(placed.target, name)),
    );
    if (optional)
      remarks.push(...problems.map(({ code, message }) => ({ code, file: placed.target, message })));
    else
      for (const { message, detail, library } of problems) {
        failures.push(`${placed.target}: ${message}${detail}`);
        if (library !== undefined) libraries.push(library);
      }
  }
  if (failures.length === 0) return remarks;
  throw new MissingLibraries([...new Set(failures)].join('\n'), libraries);
}

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly detail: string;
  /** The name of a missing library. */
  readonly library?: string;
}

function problemsOf(closure: Closure, excluded: (name: string) => boolean): Problem[] {
  const problems: Problem[] = [];
  if (closure.interpreterMissing !== undefined)
    problems.push({
      code: 'missing-interpreter',
      message: `its interpreter ${closure.interpreterMissing} ${interpreterFault(closure, closure.interpreterMissing)}`,
      detail: '',
    });
  if (closure.fatal) {
    const { path, reason, requester } = closure.fatal;
    const by = requester && requester !== closure.entry ? ` for ${requester.real}` : '';
    problems.push({
      code: 'not-loadable',
      message: `its loader would stop at ${path}, which it opens${by}: ${reason}`,
      detail: '',
    });
  }
  for (const { name, tag, requester, searched } of closure.missing) {
    if (tag === 'preload' || excluded(name)) continue;
    const by = requester === closure.entry ? '' : `, needed by ${requester.real}`;
    problems.push({
      code: 'missing-library',
      message: `${name} is missing${by}`,
      detail: places(searched) + elsewhere(name, closure),
      library: name,
    });
  }
  for (const [message, versions] of versionsBy(closure, excluded))
    problems.push({
      code: 'missing-version',
      message: message.replace('…', () => versions.join(', ')),
      detail: '',
    });
  return problems;
}

/** Groups missing versions by message, with `…` in place of the versions. A missing library is reported by itself. */
function versionsBy(closure: Closure, excluded: (name: string) => boolean): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const absent = new Set(closure.missing.map(({ name }) => name));
  for (const { requester, file, version, provider } of closure.versionProblems) {
    if (excluded(file)) continue;
    if (!provider && (closure.fatal || absent.has(file))) continue;
    const fault = provider ? `${provider.real} does not define` : 'is not loaded';
    const message = `${requester.real} needs … of ${file}, which ${fault}`;
    found.set(message, [...(found.get(message) ?? []), version]);
  }
  return found;
}

function interpreterFault({ entry }: Closure, path: string): string {
  const real = follow(entry.view, path).path;
  if (real === undefined) return 'is not in any of the roots';
  const { facts, failure } = { failure: undefined, ...objectAt(entry.view, real) };
  return facts ? 'is for another machine' : `is not a loader: ${failure?.message}`;
}

/** Says where the root has a library that no search reaches. */
function elsewhere(name: string, { entry }: Closure): string {
  const directory = name.includes('/') ? undefined : directoryWith(entry.view, name);
  if (directory === undefined) return '';
  return `\n    ${join(directory, name)} exists, but the loader does not search there; if a script sets LD_LIBRARY_PATH, add --library-path ${directory}`;
}

function places(searched: readonly Searched[]): string {
  return searched.map(({ path, outcome }) => `\n    ${path} (${outcome})`).join('');
}

/** Returns the objects that an object loads, directly or not, without itself and the loader; excluded names are not followed. */
export function reachable(closure: Closure, start: LoadedObject, excluded: Excluded): Set<LoadedObject> {
  const seen = new Set<LoadedObject>([start]);
  for (const object of seen)
    for (const { name, to } of object.edges)
      if (to && to.id !== closure.loader?.id && !excluded(name)) seen.add(to);
  seen.delete(start);
  return seen;
}
