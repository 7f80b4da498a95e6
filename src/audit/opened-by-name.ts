import { type DlopenNote, readDlopenNotes } from '../elf/dlopen-notes.ts';
import { resolver } from '../resolve/resolve.ts';
import type { LoadedObject } from '../resolve/closure.ts';
import type { Loader } from '../resolve/loader.ts';
import { follow } from '../view/follow.ts';
import { ldCacheAt } from '../view/ld-cache.ts';
import { memoised } from '../view/memo.ts';
import { readElfPart } from '../view/read-elf-part.ts';
import type { View } from '../view/view.ts';
import { compiledIn } from './compiled-in.ts';
import { isOf } from './extension.ts';
import type { Merge } from './merge.ts';
import type { Subject } from './subject.ts';

/** A name that an object may give to dlopen. */
export interface Candidate {
  readonly name: string;
  /** `undefined`: it only stands there as a string. */
  readonly priority: DlopenNote['priority'] | undefined;
}

/** What an object says that it opens, and strings in it that are names of libraries. @param path real */
export const candidatesIn = memoised((view, path): readonly Candidate[] => {
  const named = new Map<string, Candidate>();
  for (const { sonames, priority } of readElfPart(view, path, readDlopenNotes) ?? [])
    for (const name of sonames) named.set(name, { name, priority });
  for (const name of compiledIn(view, path).libraries)
    if (!named.has(name)) named.set(name, { name, priority: undefined });
  return [...named.values()];
});

/** Whether a search by this loader could end at a file of the host: a sealed one comes to none. */
export function reachesHost(loader: Loader, { extension }: Subject, merge: Merge): boolean {
  if (!merge.host) return false;
  if (loader.family === 'musl' || !isOf(extension, merge.providerOf(loader.real))) return true;
  const { view } = merge.host;
  return (
    (loader.cacheFile !== undefined && ldCacheAt(view, loader.cacheFile) !== undefined) ||
    loader.defaultDirectories.some(directory => holdsLibraries(view, directory))
  );
}

/** A seal leaves directories in a loader that are there and have none: `/sys/`. */
function holdsLibraries(view: View, directory: string): boolean {
  const { path } = follow(view, directory);
  return path !== undefined && [...view.list(path).keys()].some(name => name.includes('.so'));
}

/** What a program would get for each of these names; a run path of the caller is not taken into account. */
export function openedBy(
  { path }: Subject,
  names: readonly string[],
  { view }: Merge,
): ReadonlyMap<string, LoadedObject> {
  const { entry } = resolver([view], { preload: names })(path);
  return new Map(
    entry.edges.flatMap(({ tag, name, to }) => (tag === 'preload' && to ? [[name, to] as const] : [])),
  );
}
