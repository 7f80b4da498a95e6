import { FlixError } from '../errors.ts';
import { glibc } from '../libc/libc.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { resolver } from '../resolve/resolve.ts';
import type { PlacedClosure } from './closures.ts';
import type { PlanRequest } from './request.ts';
import { expandTokens } from '../resolve/tokens.ts';
import type { Loader } from '../resolve/loader.ts';
import { ldConfDirectories } from '../view/ld-conf.ts';
import { basename, join, normalise, parent, relative } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { Claims } from './claims.ts';
import type { PlaceOf } from './gather.ts';
import { targetOf } from './target.ts';

/**
 * Closures of dynamic programs, with what they open at run time in front; glibc's own is the same for all of them, so
 * one program answers for it. Throws `FlixError` where what `--dlopen` asks for cannot be loaded by any of them.
 *
 * @param placed what has a place in the tree; static programs open nothing and are passed over
 */
export function openedAtRunTime(
  { lookups, resolveOptions, dlopen, excluded }: PlanRequest,
  placed: readonly PlacedClosure[],
): Closure[] {
  const dynamic = placed.filter(({ closure }) => closure.loader);
  const programs = dynamic.filter(({ role }) => role !== 'object');
  const users = (programs.length > 0 ? programs : dynamic).slice(0, dlopen.length > 0 ? undefined : 1);
  const resolve = resolver(lookups, { ...resolveOptions, preload: [...glibc.opens, ...dlopen] });
  const opened = users.map(({ closure }) => ({ before: closure, after: resolve(closure.entry.path) }));
  if (dlopen.length > 0) {
    const usable = opened.filter(({ after }) => !after.fatal);
    if (usable.length === 0) throw notLoadable(opened[0]!.after);
    for (const name of dlopen) refuseAbsent(name, usable);
    refuseLacking(usable, excluded);
  }
  return opened.map(({ after }) => after);
}

/** Throws `FlixError` where `--dlopen` asks for a library that nothing could open. */
export function refuseDlopen(dlopen: readonly string[]): void {
  if (dlopen.length > 0)
    throw new FlixError(
      'input',
      'nothing-dynamic',
      `--dlopen ${dlopen[0]!}: nothing here is loaded by a loader, so nothing can open it`,
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
    `${fatal!.path}, which --dlopen lets ${entry.path} open, cannot be loaded: ${fatal!.reason}`,
    'Name the library itself: its soname, not the link or script that is for the linker.',
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
      `${name}, asked for by --dlopen, is in none of the roots`,
      'Install it into the staging root, or add a root with --staging.',
    );
}

/** What is opened because it was asked for has to work: what it needs and nobody has is an error, all of it at once. */
function refuseLacking(opened: readonly Opened[], excluded: PlanRequest['excluded']): void {
  const lines = new Set<string>();
  for (const { before, after } of opened) {
    const known = new Set(before.missing.map(({ name }) => name));
    for (const { name, tag, requester } of after.missing)
      if (tag !== 'preload' && !known.has(name) && excluded(name) === undefined)
        lines.add(`${name} is missing, needed by ${requester.real}, which --dlopen brings`);
  }
  if (lines.size > 0)
    throw new FlixError(
      'missing',
      'missing-library',
      [...lines].join('\n'),
      'Install what is missing into the staging root, add a root with --staging, or leave a library out with --exclude-lib NAME=REASON.',
    );
}

/** Directories of the tree in which the programs looked for libraries: by default, by ld.so.conf, by run paths. */
export function searchedInTree(
  lookups: readonly View[],
  { defaultDirectories }: Loader,
  objects: Iterable<LoadedObject>,
  placeOf: PlaceOf,
): Set<string> {
  const directories = new Set<string>();
  for (const directory of [...defaultDirectories, ...ldConfDirectories(lookups[0]!)]) {
    const place = targetOf(normalise(directory));
    if (place !== undefined) directories.add(place);
  }
  for (const object of objects)
    for (const directory of runPathDirectories(object)) {
      const place = placeOf(object.view.source(object.real).view, directory);
      if (place !== undefined) directories.add(place);
    }
  return directories;
}

/** The directories of the root to which an object's RPATH or RUNPATH leads, links not resolved. */
function runPathDirectories({ facts, real }: LoadedObject): string[] {
  const text = facts.dynamic?.runpath ?? facts.dynamic?.rpath;
  return (text?.split(':') ?? []).flatMap(element => {
    const expanded = expandTokens(element, { ORIGIN: parent(real), LIB: undefined, PLATFORM: undefined });
    return expanded?.startsWith('/') ? [normalise(expanded)] : [];
  });
}

/** What ends in `.so`, with or without a version. */
const LIBRARY = /\.so(?:\.[^/]*)?$/;

/**
 * Links libraries that stay at their own place into the private directory, if programs could open them there by name
 * (dlopen) before: the default directories and run paths that led to them are closed.
 *
 * @param directories of the tree that were searched
 */
export function claimOpenedByName(
  claims: Claims,
  libraryDirectory: string,
  directories: ReadonlySet<string>,
): void {
  for (const { target, role, content } of claims.sorted()) {
    const directory = parent(target);
    if (!directories.has(directory) || !LIBRARY.test(target)) continue;
    if (role !== 'object' && content.kind !== 'link') continue;
    const path = join(libraryDirectory, basename(target));
    // a library that is needed under this name goes before one that might be opened
    if (claims.get(path)) continue;
    const why = `may be opened by name: ${directory} was searched for it`;
    claims.claim({
      target: path,
      role: 'library',
      content: { kind: 'link', to: relative(path, target) },
      why,
    });
  }
}
