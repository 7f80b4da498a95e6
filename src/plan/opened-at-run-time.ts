import { FlixError } from '../errors.ts';
import { libcOf } from '../libc/libc.ts';
import { callsAny } from '../needs/evidence.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { type Loader, minorVersion } from '../resolve/loader.ts';
import { resolver } from '../resolve/resolve.ts';
import { expandTokens } from '../resolve/tokens.ts';
import { abiOf } from '../elf/machine.ts';
import type { Remark } from '../manifest/manifest.ts';
import { follow } from '../view/follow.ts';
import { ldConfDirectories } from '../view/ld-conf.ts';
import { basename, join, normalise, parent, relative } from '../view/path.ts';
import { MissingLibraries } from './missing-libraries.ts';
import type { View } from '../view/view.ts';
import type { Claims } from './claims.ts';
import { type PlacedClosure, reachable } from './closures.ts';
import { refuseStack } from './executable-stack.ts';
import type { PlaceOf } from './gather.ts';
import { plannedView } from './planned-view.ts';
import type { Excluded, PlanRequest } from './request.ts';
import { targetOf } from './target.ts';

/**
 * Resolves dynamic programs again, with the libraries that they open at run time preloaded: those of `--dlopen`, and
 * those that their libc opens by itself. Without `--dlopen`, one program represents all. Throws `FlixError` if no program
 * can load a library that `--dlopen` names.
 *
 * @param placed files with a place in the tree; static programs are ignored
 */
export function openedAtRunTime(
  { lookups, resolveOptions, dlopen, excluded }: PlanRequest,
  placed: readonly PlacedClosure[],
): Closure[] {
  const dynamic = placed.filter(({ closure }) => closure.loader);
  const programs = dynamic.filter(({ role }) => role !== 'object');
  const users = (programs.length > 0 ? programs : dynamic).slice(0, dlopen.length > 0 ? undefined : 1);
  const loader = users.find(({ closure }) => closure.loader)?.closure.loader;
  const resolveWith = (ofLibc: readonly string[]) => {
    const resolve = resolver(lookups, {
      ...resolveOptions,
      libraryLoader: loader,
      opened: [...ofLibc, ...dlopen],
    });
    return users.map(({ closure }) => ({ before: closure, after: resolve(closure.entry.path) }));
  };
  const ofLibc = loader ? openedByLibc(loader, dynamic) : [];
  const found = resolveWith(ofLibc);
  const unusable = loader ? unusableModules(found, loader) : [];
  const opened = unusable.length === 0 ? found : resolveWith(ofLibc.filter(name => !unusable.includes(name)));
  if (dlopen.length > 0) {
    const usable = opened.filter(({ after }) => !after.fatal);
    if (usable.length === 0) throw notLoadable(opened[0]!.after);
    for (const name of dlopen) refuseAbsent(name, usable);
    refuseLacking(usable, excluded);
    refuseStack(usable);
  }
  return opened.map(({ after }) => after);
}

/** Returns the names that the libc of some programs opens by itself. */
function openedByLibc(loader: Loader, dynamic: readonly PlacedClosure[]): string[] {
  const { opens, nameService } = libcOf(loader.family);
  return [...opens(minorVersion(loader)), ...(asksForNames(loader, dynamic) ? nameService.modules : [])];
}

/** Whether an object of some closures looks up users, groups or hosts. */
export function asksForNames(loader: Loader, closures: readonly PlacedClosure[]): boolean {
  const { calls } = libcOf(loader.family).nameService;
  return closures.some(({ closure }) =>
    closure.objects.some(({ view, real }) => callsAny(view, real, calls)),
  );
}

/** Returns the modules of the name service that lack a library, so that programs of the root cannot use them either. */
function unusableModules(opened: readonly Opened[], loader: Loader): string[] {
  const { modules } = libcOf(loader.family).nameService;
  return modules.filter(name =>
    opened.some(({ after }) => {
      const to = after.entry.edges.find(edge => edge.tag === 'preload' && edge.name === name)?.to;
      if (!to) return false;
      const needed = new Set([to, ...reachable(after, to, () => undefined)]);
      return after.missing.some(({ requester }) => needed.has(requester));
    }),
  );
}

/** Throws `FlixError` if `--dlopen` was given for a tree without dynamic programs. */
export function refuseDlopen(dlopen: readonly string[]): void {
  if (dlopen.length > 0)
    throw new FlixError(
      'input',
      'nothing-dynamic',
      `--dlopen ${dlopen[0]!}: no program here is dynamically linked, so none can open it`,
      'Leave --dlopen out, or name the program that opens the library.',
    );
}

interface Opened {
  readonly before: Closure;
  readonly after: Closure;
}

function notLoadable({ fatal, entry }: Closure): FlixError {
  return new FlixError(
    'input',
    'not-loadable',
    `${entry.path} cannot load ${fatal!.path}, which --dlopen names: ${fatal!.reason}`,
    'Name the library by its soname, not the link or script that is meant for the linker.',
  );
}

function refuseAbsent(name: string, opened: readonly Opened[]): void {
  const absent = opened.every(({ after: { missing } }) =>
    missing.some(lacking => lacking.tag === 'preload' && lacking.name === name),
  );
  if (absent)
    throw new FlixError(
      'missing',
      'missing-library',
      `${name}, which --dlopen names, is not in any of the roots`,
      'Install it into the staging root, or add a root with --staging.',
    );
}

/** Throws one `FlixError` for all missing libraries that a `--dlopen` library needs. */
function refuseLacking(opened: readonly Opened[], excluded: PlanRequest['excluded']): void {
  const lines = new Set<string>();
  const libraries: string[] = [];
  for (const { before, after } of opened) {
    const known = new Set(before.missing.map(({ name }) => name));
    for (const { name, tag, requester } of after.missing)
      if (tag !== 'preload' && !known.has(name) && excluded(name) === undefined) {
        lines.add(`${name} is missing, needed by ${requester.real}, which --dlopen requires`);
        libraries.push(name);
      }
  }
  if (lines.size > 0) throw new MissingLibraries([...lines].join('\n'), libraries);
}

/** Returns the directories of the tree in which the unedited programs find libraries: default directories, those of ld.so.conf, run paths. */
export function searchedInTree(
  lookups: readonly View[],
  { defaultDirectories, lib }: Loader,
  objects: Iterable<LoadedObject>,
  placeOf: PlaceOf,
): string[] {
  const directories = new Set<string>();
  const view = lookups[0]!;
  for (const directory of [...defaultDirectories, ...ldConfDirectories(view)])
    for (const path of [normalise(directory), follow(view, directory).path]) {
      const place = path === undefined ? undefined : targetOf(path);
      if (place !== undefined) directories.add(place);
    }
  for (const object of objects)
    for (const directory of runPathDirectories(object, lib)) {
      const real = follow(object.view, directory).path;
      const place = real === undefined ? undefined : placeOf(object.view.source(real).view, real);
      if (place !== undefined) directories.add(place);
    }
  return [...directories];
}

/** Returns the directories of the root that an object's RPATH or RUNPATH names. */
function runPathDirectories({ facts, path, real }: LoadedObject, lib: string | undefined): string[] {
  const text = facts.dynamic?.runpath ?? facts.dynamic?.rpath;
  const origins = new Set([parent(real), parent(path)]);
  return (text?.split(':') ?? []).flatMap(element =>
    [...origins].flatMap(ORIGIN => {
      const expanded = expandTokens(element, { ORIGIN, LIB: lib, PLATFORM: abiOf(facts.header)?.platform });
      return expanded?.startsWith('/') ? [normalise(expanded)] : [];
    }),
  );
}

/** `.so` at the end, with or without a version. */
const LIBRARY = /\.so(?:\.[^/]*)?$/;

/**
 * Claims links in the private directory to libraries that stay where they are in the tree, if unedited programs could
 * open them by name (dlopen): the edited ones no longer search those directories. A link or script for the linker gets
 * none.
 *
 * @param directories the directories of the tree that unedited programs search
 * @returns remarks on names that two of the directories have for different files
 */
export function claimOpenedByName(
  claims: Claims,
  libraryDirectory: string,
  directories: readonly string[],
  excluded: Excluded,
): Remark[] {
  const remarks: Remark[] = [];
  const tree = plannedView(claims.sorted());
  const linked = new Map<string, string>();
  for (const { target } of claims.sorted()) {
    const directory = parent(target);
    const name = basename(target);
    if (!directories.includes(directory) || !LIBRARY.test(target) || excluded(name) !== undefined) continue;
    const real = follow(tree, target).path;
    if (real === undefined || claims.get(real)?.role !== 'object') continue;
    const path = join(libraryDirectory, name);
    const other = linked.get(name);
    if (other !== undefined && other !== real)
      remarks.push({
        code: 'opened-by-name-differs',
        file: target,
        message: `has the name of ${other}: a program that opens ${name} by name gets that one, although its own run path may lead here. Vendor the two separately if both are opened.`,
      });
    // a library that is needed under this name takes precedence
    if (claims.get(path)) continue;
    linked.set(name, real);
    const why = `may be opened by name: unedited programs search ${directory}`;
    claims.claim({
      target: path,
      role: 'library',
      content: { kind: 'link', to: relative(path, target) },
      why,
    });
  }
  return remarks;
}
