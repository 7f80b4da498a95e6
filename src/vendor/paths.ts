import { FlixError } from '../errors.ts';
import { databaseOf, packageNamed } from '../packages/database.ts';
import { namedTarget } from '../plan/target.ts';
import type { PathRequest } from '../plan/request.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { expandGlob } from '../view/glob.ts';
import { basename, join, normalise, parent } from '../view/path.ts';
import type { View } from '../view/view.ts';

/** Paths inside a root, which an argument `PATH` or `PATH:TARGET` of the user names. */
interface NamedPaths {
  readonly requests: readonly PathRequest[];
  /** No file of the root matches the pattern. */
  readonly matchesNothing: boolean;
}

/**
 * Reads `PATH` or `PATH:TARGET`, split at the last `:/`. PATH may be a glob; a file that is really called so comes
 * first. The matches of a glob go below TARGET under their own names.
 *
 * @param option what the user wrote it for, such as `--include`
 */
async function namedPaths(view: View, argument: string, option: string): Promise<NamedPaths> {
  const colon = argument.lastIndexOf(':/');
  const source = absolutePath(colon > 0 ? argument.slice(0, colon) : argument, option);
  const target = colon > 0 ? argument.slice(colon + 1) : undefined;
  const matches = isThere(view, source) ? [source] : await expandGlob(view, source);
  if (matches.length === 1 && matches[0] === source) {
    const request = target === undefined ? { source } : { source, target: filePlace(target, source) };
    return { requests: [request], matchesNothing: false };
  }
  const directory = target === undefined ? undefined : namedTarget(normalise(target), source);
  return {
    requests: matches.map(path => ({
      source: path,
      matched: true,
      ...(directory !== undefined && { target: join(directory, basename(path)) }),
    })),
    matchesNothing: matches.length === 0,
  };
}

/**
 * Reads the `PATH` arguments of an option, and reports a glob that matches nothing in a `FlixError`.
 *
 * @param seen whether a run of the programs showed the paths
 */
export async function requiredPaths(
  view: View,
  args: readonly string[],
  option: string,
  seen = false,
): Promise<PathRequest[]> {
  const named: PathRequest[] = [];
  for (const argument of args) {
    if (!argument.startsWith('/') && isPackage(view, argument)) throw packageInstead(argument, view);
    const { requests, matchesNothing } = await namedPaths(view, argument, option);
    for (const request of requests) named.push(seen ? { ...request, seen } : request);
    if (matchesNothing)
      throw new FlixError(
        'input',
        'no-match',
        `${argument} matches nothing in ${view.label}`,
        'Globs are matched inside the root, not on this machine.',
      );
  }
  return named;
}

/** What `--exclude` leaves out. */
export interface ExcludedPaths {
  /** Whether a path, or a directory that it is in, is left out. */
  readonly has: (path: string) => boolean;
  /** Whether a pattern matches this very file, or a link to it. */
  readonly names: (path: string) => boolean;
  /** Patterns that match nothing in any root. */
  readonly unused: readonly string[];
}

export async function excludedPaths(
  views: readonly View[],
  patterns: readonly string[],
): Promise<ExcludedPaths> {
  const left = new Set<string>();
  const files = new Set<string>();
  const unused: string[] = [];
  for (const pattern of patterns) {
    if (pattern.lastIndexOf(':/') > 0)
      throw new FlixError(
        'input',
        'usage',
        `--exclude ${pattern} names a TARGET, but what is left out goes nowhere`,
        `Name the path in the root: --exclude ${pattern.slice(0, pattern.lastIndexOf(':/'))}`,
      );
    const before = left.size;
    for (const view of views)
      for (const { source } of (await namedPaths(view, pattern, '--exclude')).requests)
        if (isThere(view, source)) {
          left.add(resolveParent(view, normalise(source)));
          const real = follow(view, normalise(source));
          if (real.path !== undefined && real.kind === 'file') files.add(real.path);
        }
    if (left.size === before) unused.push(pattern);
  }
  return {
    has: path => left.size > 0 && isBelow(left, path),
    names: path => files.has(path),
    unused,
  };
}

function isBelow(left: ReadonlySet<string>, path: string): boolean {
  for (let at = path; at !== '/'; at = parent(at)) if (left.has(at)) return true;
  return false;
}

function isThere(view: View, path: string): boolean {
  const place = resolveParent(view, normalise(path));
  return view.kind(place) !== undefined || follow(view, path).path !== undefined;
}

function isPackage(view: View, name: string): boolean {
  const known = databaseOf(view);
  return known !== undefined && packageNamed(known, name) !== undefined;
}

function packageInstead(name: string, { label }: View): FlixError {
  return new FlixError(
    'input',
    'relative-path',
    `${name} is not an absolute path inside the root, but a package of ${label}`,
    `Take the package with --package ${name}, or name a path as the target will see it: /usr/bin/PROGRAM`,
  );
}

/** Throws `FlixError` unless a path is absolute. */
export function absolutePath(path: string, option: string): string {
  if (notEmpty(path, option).startsWith('/')) return path;
  throw new FlixError(
    'input',
    'relative-path',
    `${path} is not an absolute path inside the root`,
    `Write it as the target will see it: /usr/bin/${basename(path)}`,
  );
}

/** Throws `FlixError` if a text is empty, as an unset variable of a script is. */
export function notEmpty(text: string, option: string): string {
  if (text !== '') return text;
  throw new FlixError(
    'input',
    'empty',
    `${option} is empty`,
    'Check whether a script uses an unset variable.',
  );
}

/** Directories of every host; a file that takes the place of one would hide everything in it. */
const DIRECTORIES = /^\/usr\/(?:s?bin|lib[^/]*|local|share|include|src|games)$/;

function filePlace(target: string, source: string): string {
  const place = namedTarget(normalise(target), source);
  if (!target.endsWith('/') && !DIRECTORIES.test(place)) return place;
  throw new FlixError(
    'input',
    'target-is-directory',
    `${source}:${target}: TARGET must name the file, not its directory`,
    `Name the file itself: ${source}:${join(place, basename(normalise(source)))}`,
  );
}
