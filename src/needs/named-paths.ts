import { isProgram } from '../elf/classify.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { isLibcPart, isLoaderFile } from '../libc/libc.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { basename, join, within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { textsAt } from './evidence.ts';
import { isKeptByHost, isPolicyOfHost, readByHosts } from './every-host.ts';
import type { Need } from './need.ts';
import { isOfDependency, isOwn } from './ownership.ts';

/** A path below the directories of programs' data, or a program; without a trailing slash. */
const KEPT = /^\/(?:usr\/(?:share|lib|libexec)|lib|opt)\/[\w.+/-]*[\w.+-]/;
const PROGRAM = /^\/(?:usr\/)?s?bin\/[\w.+@[-]+$/;
/** A file or directory of configuration. */
const CONFIGURATION = /^\/etc\/[\w.+/-]*[\w+-]$/;
/** A path that a program joins to the prefix for which it was configured, such as `share/git-core/templates`. */
const BELOW_PREFIX = /^(?:share|lib|libexec)(?:\/[\w+-][\w.+-]*)+$/;
/** The directories in which all libraries, programs and data lie: no need names them as a whole. */
export const COMMON_DIRECTORY =
  /^\/usr\/(?:local\/)?(?:lib(?:32|64|x32)?(?:\/[^/]+-linux-[^/]+)?|s?bin|libexec|share)$/;
/** The shells of users who may not log in, which programs compare and write down but do not run. */
const NO_LOGIN = /\/s?bin\/(?:nologin|false)$/;
/** What glibc itself names, which is part of each statically linked program. */
const OF_LIBC = /^\/usr\/lib(?:64)?(?:\/[^/]+)?\/(?:gconv|locale)(?:\/|$)/;
/** Programs work without translations, and without documentation (Debian policy 12.3). */
const DISPENSABLE = ['/usr/share/locale', '/usr/share/doc'];
/** A file with more paths contains a table of them, which helps nobody. */
export const MAX_NAMED = 12;

/**
 * Returns the paths among the strings of an object that exist: data that is compiled in, programs that it runs, and its
 * own configuration, for hosts that have none.
 *
 * @param view the root that has the object
 * @param path real
 * @param around in which the paths are looked up
 */
export function namedPaths(view: View, path: string, facts: ElfFacts, around: View): Need[] {
  if (isLibcPart(facts.dynamic?.soname, path)) return [];
  const searched = searchedBy(facts);
  const isStatic = isProgram(facts) && facts.interpreter === undefined;
  const found = new Map<string, Need>();
  for (const { named, text, isJoined } of compiledInPaths(view, path, around)) {
    const real = searched.has(named) || isLoaderFile(basename(named)) ? undefined : follow(around, named);
    if (real?.path === undefined || real.path === path) continue;
    if (PROGRAM.test(named) && (!isExecutable(around, real.path) || NO_LOGIN.test(named))) continue;
    if (isStatic && OF_LIBC.test(named)) continue;
    const what = resolveParent(around, named);
    if (COMMON_DIRECTORY.test(what) || COMMON_DIRECTORY.test(real.path) || found.has(what)) continue;
    // before its owner is sought among a thousand translations
    if (isDispensable(what)) continue;
    const isConfiguration = CONFIGURATION.test(named);
    if (isConfiguration && (isKeptByHost(real.path) || isPolicyOfHost(real.path))) continue;
    // a program may hide one of the host, so that a recommendation of the package is not reason enough
    const isData = !PROGRAM.test(named);
    const own = isOwn(around, real.path, path) || isOfDependency(around, real.path, path, isData);
    if (own || (named === text && !isConfiguration && !isJoined))
      found.set(what, {
        what,
        strength: own ? (isForHosts(what, facts) ? 'suggested' : 'recommended') : 'candidate',
        evidence: { kind: 'path', file: path, text },
      });
  }
  const needs = [...found.values()];
  const others = needs.filter(({ strength }) => strength === 'candidate');
  return withoutParents(others.length > MAX_NAMED ? needs.filter(need => !others.includes(need)) : needs);
}

/** Whether programs work without what is at a path. */
export function isDispensable(path: string): boolean {
  return DISPENSABLE.some(directory => within(directory, path));
}

/** Leaves out a directory if something in it is named, too, unless it is the program's own. */
function withoutParents(needs: readonly Need[]): Need[] {
  return needs.filter(
    ({ what, strength }) =>
      strength === 'recommended' || !needs.some(other => other.what !== what && within(what, other.what)),
  );
}

/** Whether a library names a directory of the host's own programs, as libsystemd does, whose code it shares with them. */
function isForHosts(what: string, facts: ElfFacts): boolean {
  return !isProgram(facts) && readByHosts.some(directory => within(directory, what));
}

/** Whether a file may be run. @param path real */
export function isExecutable(view: View, path: string): boolean {
  const { kind, mode } = view.stat(path);
  return kind === 'file' && (mode & 0o111) !== 0;
}

/** Returns the directories that an object names for its libraries, which the loader reads and the program does not. */
function searchedBy({ dynamic }: ElfFacts): Set<string> {
  const lists = [dynamic?.rpath, dynamic?.runpath].flatMap(list => list?.split(':') ?? []);
  return new Set(lists.map(directory => directory.replace(/\/+$/, '')));
}

interface CompiledInPath {
  readonly named: string;
  /** As the object contains it. */
  readonly text: string;
  /** Other strings surround it: it ends where the longest path that exists ends. */
  readonly isJoined: boolean;
}

/** Returns the paths that an object contains: alone, in lists with colons, below a prefix, or among joined strings. */
function compiledInPaths(view: View, path: string, around: View): CompiledInPath[] {
  const { whole, parts, joined } = textsAt(view, path);
  const found = new Map<string, CompiledInPath>();
  const add = (named: string, text: string, isJoined: boolean) => {
    if (!found.has(named)) found.set(named, { named, text, isJoined });
  };
  for (const texts of [whole, parts])
    for (const text of texts)
      for (const element of text.includes(':') ? text.split(':') : [text]) {
        if (element.startsWith('/')) {
          const named = pathIn(element);
          if (named !== undefined) add(named, named, false);
        } else if (BELOW_PREFIX.test(element)) add(`/usr/${element}`, element, false);
      }
  for (const text of joined) {
    const named = pathIn(longestPath(around, text));
    if (named !== undefined) add(named, named, true);
  }
  return [...found.values()].sort((a, b) => (a.named < b.named ? -1 : 1));
}

function pathIn(text: string): string | undefined {
  return PROGRAM.test(text) || CONFIGURATION.test(text) ? text : KEPT.exec(text)?.[0];
}

/** Returns the longest path with which a text begins and that exists. */
function longestPath(view: View, text: string): string {
  let at = '/';
  for (const component of text.slice(1).split('/')) {
    const directory = follow(view, at);
    if (directory.path === undefined || directory.kind !== 'directory') return at;
    const names = view.list(directory.path);
    if (!names.has(component)) {
      const begins = [...names.keys()].filter(name => component.startsWith(name));
      const longest = begins.reduce((best, name) => (name.length > best.length ? name : best), '');
      return longest === '' ? at : join(at, longest);
    }
    at = join(at, component);
  }
  return at;
}
