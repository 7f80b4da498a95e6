import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { follow } from '../view/follow.ts';
import { ldCacheAt } from '../view/ld-cache.ts';
import { basename, parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { type ChangedPath, changedPaths, searchDirectory } from './changed-paths.ts';
import { type HostObject, hostObjects, requestedNames, runPathDirectories } from './host-objects.ts';
import type { Host, Merge } from './merge.ts';

/** A program or library of the host that loads something else once the extensions are merged. */
export interface HostChange {
  readonly object: HostObject;
  readonly before: Closure;
  readonly after: Closure;
}

const known = new WeakMap<Merge, readonly HostChange[]>();

/** What extensions do to the host's own ELF files; nothing without a host. */
export function hostChanges(merge: Merge): readonly HostChange[] {
  let changes = known.get(merge);
  if (!changes) known.set(merge, (changes = merge.host ? [...changesOn(merge.host, merge)] : []));
  return changes;
}

function* changesOn(host: Host, merge: Merge): Generator<HostChange> {
  const paths = changedPaths(merge).filter(({ kind, before }) => kind !== 'directory' || before);
  const reach = reachOf(host, paths, merge);
  if (reach.names.size === 0 && reach.paths.size === 0 && !reach.everything) return;
  for (const object of hostObjects(host.view)) {
    // an extension has another file in its place, and then it is no file of the host
    if (merge.view.kind(object.path) !== 'file' || merge.extensionOf(object.path)) continue;
    const before = host.resolve(object.path);
    if (!mayChange(before, host, reach)) continue;
    const after = merge.resolve(object.path);
    if (!sameLoad(before, after)) yield { object, before, after };
  }
}

/** What of a change a loader could notice. */
interface Reach {
  /** Names of new files in directories that are searched. */
  readonly names: ReadonlySet<string>;
  /** Entries of the host that are other ones now. */
  readonly paths: ReadonlySet<string>;
  /** A whole directory is another: whatever is in it may be meant. */
  readonly everything: boolean;
}

function reachOf(host: Host, changes: readonly ChangedPath[], merge: Merge): Reach {
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

/** Where ldconfig found libraries, when it ran. */
function cachedDirectories(view: View): Set<string> {
  const entries = [...(ldCacheAt(view, '/etc/ld.so.cache')?.values() ?? [])].flat();
  return new Set(entries.map(({ path }) => parent(path)));
}

/** The directory and all that lie above it, but for the root. */
function above(directory: string): string[] {
  return directory === '/' ? [] : [directory, ...above(parent(directory))];
}

/** Whether a lookup that led to this closure could have met a change. */
function mayChange(
  { objects, loader, missing }: Closure,
  { view }: Host,
  { names, paths, everything }: Reach,
): boolean {
  if (everything) return true;
  const isChanged = (path: string): boolean => {
    const { path: real, links } = follow(view, path);
    return links.some(link => paths.has(link)) || (real !== undefined && paths.has(real));
  };
  return (
    (loader !== undefined && isChanged(loader.path)) ||
    missing.some(({ tag }) => tag === 'preload') ||
    objects.some(
      ({ path, facts }) =>
        facts.dynamic?.needed.some(({ name }) => names.has(name)) === true || isChanged(path),
    )
  );
}

/** The same files in the same order. */
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

/** Objects of an extension that a host's program loads now. */
export function fromExtensions({ after }: HostChange, { extensionOf }: Merge): readonly LoadedObject[] {
  return after.objects.filter(({ real }) => extensionOf(real));
}

/** What stood in the place of a loaded object before: an object that bears one of its names. */
export function predecessor({ before }: HostChange, object: LoadedObject): LoadedObject | undefined {
  const names = [object.facts.dynamic?.soname, ...object.names];
  return before.objects.find(({ names: own, facts }) =>
    names.some(name => name !== undefined && (own.has(name) || facts.dynamic?.soname === name)),
  );
}
