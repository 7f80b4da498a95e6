import { glibc } from '../libc/libc.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { follow } from '../view/follow.ts';
import { ldCacheAt } from '../view/ld-cache.ts';
import { basename, parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { type ChangedPath, searchDirectory, selectChanged } from './changed-paths.ts';
import { type HostObject, hostObjects, requestedNames, runPathDirectories } from './host-objects.ts';
import type { Host, Merge } from './merge.ts';
import { oncePer } from './once.ts';

/** A program or library of the host that loads different files after the merge. */
export interface HostChange {
  readonly object: HostObject;
  readonly before: Closure;
  readonly after: Closure;
}

/** Returns the host’s ELF files that extensions affect; none without a host. */
export const hostChanges = oncePer((merge: Merge): readonly HostChange[] =>
  merge.host ? [...changesOn(merge.host, merge)] : [],
);

function* changesOn(host: Host, merge: Merge): Generator<HostChange> {
  for (const object of affectedBy(searchChangesOf(host, noticeable(merge), merge), host)) {
    // a file that an extension replaces is no longer the host's
    if (merge.view.kind(object.path) !== 'file' || merge.extensionOf(object.path)) continue;
    const before = host.resolve(object.path);
    const after = merge.resolve(object.path);
    if (!sameLoad(before, after)) yield { object, before, after };
  }
}

/** Changes to entries of the host, and new entries at paths or under names that its programs request. */
const noticeable = selectChanged((change, { host }) => {
  const { path, kind, before } = change;
  if (!host || (kind === 'directory' && before === undefined)) return undefined;
  const { requested, onTheWay } = searchesOf(host);
  const isRequested = onTheWay.has(path) || requested.has(path) || requested.has(basename(path));
  return before !== undefined || isRequested ? change : undefined;
});

/** The changes that a loader could notice. */
interface SearchChanges {
  /** Names of new files in searched directories. */
  readonly names: ReadonlySet<string>;
  /** Paths of the host whose entries differ after the merge. */
  readonly paths: ReadonlySet<string>;
  /** A complete directory was replaced, so anything in it may be affected. */
  readonly everything: boolean;
}

function searchChangesOf(host: Host, changes: readonly ChangedPath[], merge: Merge): SearchChanges {
  const { requested, directories, onTheWay } = searchesOf(host);
  const names = new Set<string>();
  const paths = new Set<string>();
  let everything = false;
  for (const { path, before } of changes) {
    if (before !== undefined) paths.add(path);
    if (before === 'directory' || onTheWay.has(path)) everything = true;
    else if (requested.has(path)) names.add(path);
    else if (requested.has(basename(path)) && isSearched(searchDirectory(path))) names.add(basename(path));
  }
  return { names, paths, everything };

  function isSearched(directory: string): boolean {
    if (host.view.kind(directory) === 'directory') return true;
    return directories.some(searched => (follow(merge.view, searched).path ?? searched) === directory);
  }
}

/** What the programs of a host search for, and where. */
interface HostSearches {
  /** The DT_NEEDED names, with or without a slash. */
  readonly requested: ReadonlySet<string>;
  /** The directories of run paths and of the cache, whether they exist or not. */
  readonly directories: readonly string[];
  /** The directories of run paths and their parents. */
  readonly onTheWay: ReadonlySet<string>;
}

const searchesOf = oncePer(({ view }: Host): HostSearches => {
  const runPaths = runPathDirectories(view);
  return {
    requested: requestedNames(view),
    directories: [...new Set([...runPaths, ...cachedDirectories(view)])],
    onTheWay: new Set([...runPaths].flatMap(above)),
  };
});

/** The directories in which ldconfig found libraries. */
function cachedDirectories(view: View): Set<string> {
  const entries = ldCacheAt(view, glibc.cacheFile)?.entries() ?? [];
  return new Set([...entries].map(({ path }) => parent(path)));
}

/** Returns the directory and its parents, without the root. */
function above(directory: string): string[] {
  return directory === '/' ? [] : [directory, ...above(parent(directory))];
}

/** Returns the objects of a host whose search could give another result after the changes. */
function affectedBy({ names, paths, everything }: SearchChanges, host: Host): readonly HostObject[] {
  const objects = hostObjects(host.view);
  if (everything) return objects;
  if (names.size === 0 && paths.size === 0) return [];
  const { needing, passing, users, alwaysAffected } = loadsOf(host);
  const files = [
    ...[...names].flatMap(name => needing.get(name) ?? []),
    ...[...paths].flatMap(path => passing.get(path) ?? []),
  ];
  const affected = new Set([...alwaysAffected, ...files.flatMap(file => users.get(file) ?? [])]);
  return [...affected].sort((a, b) => a - b).map(index => objects[index]!);
}

/** An index of what the objects of a host load, by name and by path. It takes far less memory than their closures. */
interface HostLoads {
  /** The paths of loaded files, as the loader prints them, by each DT_NEEDED name in these files. */
  readonly needing: ReadonlyMap<string, readonly string[]>;
  /** The same paths, by the files’ real paths and by the links that lead to them. */
  readonly passing: ReadonlyMap<string, readonly string[]>;
  /** Indexes of the host’s objects by the paths of the files that they load. */
  readonly users: ReadonlyMap<string, readonly number[]>;
  /** Indexes of those objects for which the loader skipped a file of ld.so.preload that an extension could add. */
  readonly alwaysAffected: readonly number[];
}

const loadsOf = oncePer(({ view, resolve }: Host): HostLoads => {
  const [needing, passing] = [new Map<string, string[]>(), new Map<string, string[]>()];
  const users = new Map<string, number[]>();
  const alwaysAffected: number[] = [];
  for (const [index, { path: object }] of hostObjects(view).entries()) {
    const { objects, loader, skippedPreloads } = resolve(object);
    if (skippedPreloads.length > 0) alwaysAffected.push(index);
    for (const { path, facts } of loader ? [...objects, loader] : objects) {
      addTo(users, path, index);
      if (users.get(path)!.length > 1) continue;
      for (const name of new Set(facts.dynamic?.needed.map(needed => needed.name)))
        addTo(needing, name, path);
      const { path: real, links } = follow(view, path);
      for (const place of real === undefined ? links : [...links, real]) addTo(passing, place, path);
    }
  }
  return { needing, passing, users, alwaysAffected };
});

function addTo<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

/** Whether both load the same files in the same order. */
function sameLoad(before: Closure, after: Closure): boolean {
  const text = ({ loader, objects, missing, fatal }: Closure) =>
    JSON.stringify([
      loader?.id,
      objects.map(({ path, id }) => [path, id]),
      missing.map(({ name }) => name),
      fatal?.path,
    ]);
  return text(before) === text(after);
}

/** Returns the objects of extensions that a file of the host loads after the merge. */
export function fromExtensions({ after }: HostChange, { extensionOf }: Merge): readonly LoadedObject[] {
  return after.objects.filter(({ real }) => extensionOf(real));
}

/** Returns the object that was loaded before under one of the object’s names. */
export function predecessor({ before }: HostChange, object: LoadedObject): LoadedObject | undefined {
  const names = [object.facts.dynamic?.soname, ...object.names];
  return before.objects.find(({ names: own, facts }) =>
    names.some(name => name !== undefined && (own.has(name) || facts.dynamic?.soname === name)),
  );
}
