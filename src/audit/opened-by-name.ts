import { type DlopenNote, readDlopenNotes } from '../elf/notes.ts';
import type { LoadedObject } from '../resolve/closure.ts';
import type { Loader } from '../resolve/loader.ts';
import { resolver } from '../resolve/resolve.ts';
import { follow } from '../view/follow.ts';
import { ldCacheAt } from '../view/ld-cache.ts';
import { memoised } from '../view/memo.ts';
import { readElfPart } from '../view/object.ts';
import type { View } from '../view/view.ts';
import { compiledIn } from './compiled-in.ts';
import { isOf } from './extension.ts';
import type { Merge } from './merge.ts';
import type { Subject } from './subject.ts';

/** A name that an object may pass to dlopen. */
export interface DlopenName {
  readonly name: string;
  /** `undefined` if the object only contains it as a string. */
  readonly priority: DlopenNote['priority'] | undefined;
}

/** Returns the names in an object’s dlopen notes, and its strings that look like library names. @param path real */
export const dlopenNamesIn = memoised((view, path): readonly DlopenName[] => {
  const named = new Map<string, DlopenName>();
  for (const { sonames, priority } of readElfPart(view, path, readDlopenNotes) ?? [])
    for (const name of sonames) named.set(name, { name, priority });
  for (const name of compiledIn(view, path).libraries)
    if (!named.has(name)) named.set(name, { name, priority: undefined });
  return [...named.values()];
});

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
