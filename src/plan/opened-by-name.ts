import { expandTokens } from '../resolve/tokens.ts';
import type { LoadedObject } from '../resolve/closure.ts';
import type { Loader } from '../resolve/loader.ts';
import { ldConfDirectories } from '../view/ld-conf.ts';
import { basename, join, normalise, parent, relative } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { Claims } from './claims.ts';
import type { Places } from './places.ts';
import { targetOf } from './target.ts';

/** Directories of the tree in which the programs looked for libraries: by default, by ld.so.conf, by run paths. */
export function searchedInTree(
  lookups: readonly View[],
  { defaultDirectories }: Loader,
  objects: Iterable<LoadedObject>,
  places: Places,
): Set<string> {
  const directories = new Set<string>();
  for (const directory of [...defaultDirectories, ...ldConfDirectories(lookups[0]!)]) {
    const place = targetOf(normalise(directory));
    if (place !== undefined) directories.add(place);
  }
  for (const object of objects)
    for (const directory of runPathDirectories(object)) {
      const place = places.placeOf(object.view.source(object.real).view, directory);
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
