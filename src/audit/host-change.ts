import { glibc } from '../libc/libc.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { follow } from '../view/follow.ts';
import { ldCacheAt } from '../view/ld-cache.ts';
import { basename, parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { type ChangedPath, changedPaths, searchDirectory } from './changed-paths.ts';
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
  const paths = changedPaths(merge).filter(({ kind, before }) => kind !== 'directory' || before);
  const changes = searchChangesOf(host, paths, merge);
  if (changes.names.size === 0 && changes.paths.size === 0 && !changes.everything) return;
  for (const object of hostObjects(host.view)) {
    // a file that an extension replaces is no longer the host's
    if (merge.view.kind(object.path) !== 'file' || merge.extensionOf(object.path)) continue;
    const before = host.resolve(object.path);
    if (!mayChange(before, host, changes)) continue;
    const after = merge.resolve(object.path);
    if (!sameLoad(before, after)) yield { object, before, after };
  }
}

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
  const runPaths = runPathDirectories(host.view);
  const onTheWay = new Set([...runPaths].flatMap(above));
  const searched = new Set(
    [...runPaths, ...cachedDirectories(host.view)].map(
      directory => follow(merge.view, directory).path ?? directory,
    ),
  );
  const requested = requestedNames(host.view);
  const absolute = new Set([...requested].filter(name => name.includes('/')));
  const names = new Set<string>();
  const paths = new Set<string>();
  let everything = false;
  for (const { path, before } of changes) {
    if (before !== undefined) paths.add(path);
    if (before === 'directory' || onTheWay.has(path)) everything = true;
    else if (absolute.has(path)) names.add(path);
    else if (requested.has(basename(path)) && isSearched(searchDirectory(path))) names.add(basename(path));
  }
  return { names, paths, everything };

  function isSearched(directory: string): boolean {
    return host.view.kind(directory) === 'directory' || searched.has(directory);
  }
}

/** The directories in which ldconfig found libraries. */
function cachedDirectories(view: View): Set<string> {
  const entries = ldCacheAt(view, glibc.cacheFile)?.entries() ?? [];
  return new Set([...entries].map(({ path }) => parent(path)));
}

/** Returns the directory and its parents, without the root. */
function above(directory: string): string[] {
  return directory === '/' ? [] : [directory, ...above(parent(directory))];
}

/** Whether a search for this closure could give another result after the changes. */
function mayChange(
  { objects, loader, skippedPreloads }: Closure,
  { view }: Host,
  { names, paths, everything }: SearchChanges,
): boolean {
  if (everything) return true;
  const isChanged = (path: string): boolean => {
    const { path: real, links } = follow(view, path);
    return links.some(link => paths.has(link)) || (real !== undefined && paths.has(real));
  };
  return (
    (loader !== undefined && isChanged(loader.path)) ||
    skippedPreloads.length > 0 ||
    objects.some(
      ({ path, facts }) =>
        facts.dynamic?.needed.some(({ name }) => names.has(name)) === true || isChanged(path),
    )
  );
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
