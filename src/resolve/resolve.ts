import { isProgram } from '../elf/classify.ts';
import { sameAbi } from '../elf/machine.ts';
import { libcFamily } from '../libc/libc.ts';
import type { ElfFacts } from '../elf/facts.ts';
import { FlixError } from '../errors.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';
import { type Closure, withLoader } from './closure.ts';
import { findLoader, type Loader, loaderAt } from './loader.ts';
import { type LoadResult, loadGlibc } from './glibc.ts';
import { GlibcSearch } from './glibc-search.ts';
import { loadMusl } from './musl.ts';
import { Node } from './node.ts';
import type { ResolveOptions } from './options.ts';
import { checkVersions } from './version-check.ts';

/** Resolves entries against the same views, and caches what it reads of them. */
export type Resolver = (entry: string) => Closure;

/**
 * @param views the roots, in the order in which lookups try them; the loader sees one at a time
 * @returns a function from an absolute path inside the views to its closure. It throws `FlixError` if the path is absent
 *   from all of them or not an ELF file. Problems with dependencies are recorded in the closure.
 */
export function resolver(views: readonly View[], options: ResolveOptions = {}): Resolver {
  const searches = new Map<string, readonly GlibcSearch[]>();
  const searchesFor = (loader: Loader | undefined, facts: ElfFacts) => {
    const { machine, class: bits, endian, flags } = facts.header;
    const key = `${loader?.id}:${machine}:${bits}:${endian}:${flags}`;
    let known = searches.get(key);
    if (!known)
      searches.set(
        key,
        (known = views.map(
          view => new GlibcSearch(view, loader, loader?.facts.header ?? facts.header, options),
        )),
      );
    return known;
  };
  return path => {
    const main = entryAt(views, path);
    const loader = main.facts.dynamic
      ? (givenLoader(main.facts, options) ?? firstOf(views, view => findLoader(view, main.facts)))
      : undefined;
    const load =
      loader?.family === 'musl'
        ? loadMusl(main, loader, views, options)
        : loadGlibc(main, loader, main.facts.dynamic ? searchesFor(loader, main.facts) : [], options);
    return {
      entry: main,
      loader,
      interpreterMissing: missingInterpreter(views, main.facts),
      objects: load.objects,
      missing: load.missing,
      skippedPreloads: load.skippedPreloads,
      fatal: load.fatal,
      openedNames: load.openedNames,
      versionProblems:
        loader?.family === 'glibc' && main.view.versions && !load.fatal
          ? versionProblems(main, load, loader)
          : [],
    };
  };
}

/** Resolves a single entry. */
export function resolve(views: readonly View[], entry: string, options: ResolveOptions = {}): Closure {
  return resolver(views, options)(entry);
}

function givenLoader(facts: ElfFacts, { libraryLoader }: ResolveOptions): Loader | undefined {
  if (!libraryLoader || isProgram(facts) || !sameAbi(libraryLoader.facts.header, facts.header))
    return undefined;
  return (libcFamily(facts) ?? libraryLoader.family) === libraryLoader.family ? libraryLoader : undefined;
}

function entryAt(views: readonly View[], path: string): Node {
  for (const view of views) {
    const target = follow(view, path);
    if (target.path === undefined) continue;
    const object = objectAt(view, target.path);
    if (!object.facts)
      throw new FlixError(
        'input',
        'not-elf',
        `${path}: ${object.failure.message}`,
        'Name an ELF program or library.',
      );
    const node = new Node({ path, real: target.path, view, facts: object.facts, id: object.id }, undefined);
    node.names.add(path);
    return node;
  }
  const roots = views.map(({ label }) => label).join(', ');
  throw new FlixError(
    'input',
    'absent',
    `${path} is not in ${roots}`,
    'Paths are relative to the root, not to this machine.',
  );
}

/** Returns a program's interpreter if no view contains it; the kernel then does not start the program. */
function missingInterpreter(views: readonly View[], facts: ElfFacts): string | undefined {
  const { interpreter } = facts;
  if (interpreter === undefined || !isProgram(facts)) return undefined;
  return views.some(view => loaderAt(view, interpreter)) ? undefined : interpreter;
}

/** Returns the version problems, except those of libraries that are missing altogether. */
function versionProblems(main: Node, load: LoadResult, loader: Loader): Closure['versionProblems'] {
  const missing = new Set(load.missing.map(({ name }) => name));
  const objects = withLoader({ objects: load.objects, loader });
  // the loader checks from the main object on, before which its own filtees are
  return checkVersions(objects, objects.slice(objects.indexOf(main))).filter(
    ({ file, provider }) => provider || !missing.has(file),
  );
}

function firstOf<T>(views: readonly View[], find: (view: View) => T | undefined): T | undefined {
  for (const view of views) {
    const found = find(view);
    if (found !== undefined) return found;
  }
  return undefined;
}
