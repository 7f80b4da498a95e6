import { follow } from '../follow.ts';
import { hierarchies, softwareDirectories } from '../host-directories.ts';
import { join, parent, within } from '../path.ts';
import type { View } from '../view.ts';

/** What may be a link to another place, as /usr/local is on ostree systems, and what is there is searched. */
const LINKED = ['local', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'libexec', 'share'];

const HIERARCHIES = Object.values(hierarchies)
  .flat()
  .map(name => `/${name}`);

/** What a profile tells of a root. */
export interface Noted {
  /** Real paths of directories, parents first. */
  readonly directories: readonly string[];
  /** Whether an entry of such a directory is told of; of some only those are to which a link leads. */
  readonly has: (path: string) => boolean;
}

export function notedIn(root: View): Noted {
  const whole = new Set(['/']);
  const note = (place: string) => {
    const real = follow(root, place);
    if (real.path === undefined || real.kind !== 'directory' || whole.has(real.path)) return;
    for (const directory of below(root, real.path)) whole.add(directory);
  };
  for (const place of [...softwareDirectories, ...LINKED.map(name => `/usr/${name}`)]) note(place);
  const onTheWay = new Set<string>();
  for (const directory of whole)
    for (const [name, kind] of directory === '/' ? [] : root.list(directory)) {
      if (kind !== 'link') continue;
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

/** A directory and all below it; what is mounted there is part of the host too. */
function below(root: View, directory: string): string[] {
  const inside = [...root.list(directory)].filter(([, kind]) => kind === 'directory');
  return [directory, ...inside.flatMap(([name]) => below(root, join(directory, name)))];
}

/** The path and all that lie above it, but for the root. */
function above(path: string): string[] {
  return path === '/' ? [] : [...above(parent(path)), path];
}

/** What extensions can be laid over: there contents are compared. */
export function isMerged(path: string): boolean {
  return HIERARCHIES.some(hierarchy => within(hierarchy, path));
}
