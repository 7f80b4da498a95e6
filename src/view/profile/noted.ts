import { follow } from '../follow.ts';
import { dataDirectories, hierarchies, softwareDirectories } from '../host-directories.ts';
import { join, parent, within } from '../path.ts';
import type { View } from '../view.ts';

/** Directories that may be links out of /usr, as /usr/local on ostree systems; the target is recorded, too. */
const LINKED = ['local', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'libexec', 'share'];

const HIERARCHIES = Object.values(hierarchies)
  .flat()
  .map(name => `/${name}`);

/** The part of a root that a profile records. */
export interface Noted {
  /** Real paths of recorded directories, parents first. */
  readonly directories: readonly string[];
  /** Whether an entry of such a directory is recorded; in some directories, only the targets of links are. */
  readonly has: (path: string) => boolean;
}

export function notedIn(root: View): Noted {
  const whole = new Set(['/', ...dataDirectories.filter(place => root.kind(place) === 'directory')]);
  const note = (place: string) => {
    const real = follow(root, place);
    if (real.path === undefined || real.kind !== 'directory' || whole.has(real.path)) return;
    for (const directory of below(root, real.path)) whole.add(directory);
  };
  for (const place of [...softwareDirectories, ...LINKED.map(name => `/usr/${name}`)]) note(place);
  const onTheWay = new Set<string>();
  for (const directory of whole)
    for (const [name, kind] of root.list(directory)) {
      if (kind !== 'link' || (directory === '/' && !isSoftware(`/${name}`))) continue;
      const { path, links } = follow(root, join(directory, name));
      for (const passed of path === undefined ? links : [...links, path])
        for (const step of above(passed)) if (!whole.has(parent(step))) onTheWay.add(step);
    }
  const others = [...onTheWay].filter(path => root.kind(path) === 'directory' && !whole.has(path));
  return {
    directories: [...new Set([...whole, ...[...onTheWay].map(parent), ...others])].sort(),
    has: path => whole.has(parent(path)) || onTheWay.has(path),
  };
}

function isSoftware(top: string): boolean {
  return softwareDirectories.some(directory => directory === top);
}

/** Returns a directory and all directories below it, including mounted file systems, which are part of the host, too. */
function below(root: View, directory: string): string[] {
  const inside = [...root.list(directory)].filter(([, kind]) => kind === 'directory');
  return [directory, ...inside.flatMap(([name]) => below(root, join(directory, name)))];
}

/** Returns the path and all its parents except the root. */
function above(path: string): string[] {
  return path === '/' ? [] : [...above(parent(path)), path];
}

/** Returns whether extensions can be merged over a path, so that an audit compares contents there. */
export function isMerged(path: string): boolean {
  return HIERARCHIES.some(hierarchy => within(hierarchy, path));
}
