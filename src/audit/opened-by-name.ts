import type { LoadedObject } from '../resolve/closure.ts';
import type { Loader } from '../resolve/loader.ts';
import { resolver } from '../resolve/resolve.ts';
import { follow } from '../view/follow.ts';
import { ldCacheAt } from '../view/ld-cache.ts';
import type { View } from '../view/view.ts';
import { isOf } from './extension.ts';
import type { Merge } from './merge.ts';
import type { Subject } from './subject.ts';

/** Whether a search by this loader could find a file of the host. A sealed loader finds none. */
export function reachesHost(loader: Loader, { extension }: Subject, merge: Merge): boolean {
  if (!merge.host) return false;
  if (loader.family === 'musl' || !isOf(extension, merge.providerOf(loader.real))) return true;
  const { view } = merge.host;
  return (
    (loader.cacheFile !== undefined && ldCacheAt(view, loader.cacheFile) !== undefined) ||
    loader.defaultDirectories.some(directory => holdsLibraries(view, directory))
  );
}

/** A sealed loader searches directories that exist but contain no libraries, such as `/sys/`. */
function holdsLibraries(view: View, directory: string): boolean {
  const { path } = follow(view, directory);
  return path !== undefined && [...view.list(path).keys()].some(name => name.includes('.so'));
}

/** Returns what a program would get for each name. The caller’s run path is not considered. */
export function openedBy(
  { path }: Subject,
  names: readonly string[],
  { view }: Merge,
): ReadonlyMap<string, LoadedObject> {
  const { entry } = resolver([view], { opened: names })(path);
  return new Map(
    entry.edges.flatMap(({ tag, name, to }) => (tag === 'preload' && to ? [[name, to] as const] : [])),
  );
}
