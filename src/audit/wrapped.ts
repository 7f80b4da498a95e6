import { within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';

/** What a tree says of its wrappers: their programs run in a view of a staged root, and not as the host sees them. */
export interface WrappedTree {
  /** Where the staged root is. */
  readonly prefix: string;
  /** The wrappers. */
  readonly entries: readonly string[];
  readonly needs: readonly WrapperNeed[];
}

/** A program that wrappers call on the host. */
export interface WrapperNeed {
  /** Absolute. */
  readonly program: string;
  /** The project that it has to be of, which writes its name and version into it. */
  readonly of: string | undefined;
  readonly floor: string | undefined;
}

/** A tree without its staged root: the host's loader finds nothing there, and the staged one sees nothing else. */
export function withoutStagedRoot(tree: View, { prefix }: WrappedTree): View {
  const isShown = (path: string) => !within(prefix, path);
  const nothing = new Map();
  return {
    label: tree.label,
    versions: tree.versions,
    list: directory => {
      if (!isShown(directory)) return nothing;
      const names = tree.list(directory);
      const slash = prefix.lastIndexOf('/');
      if (directory !== prefix.slice(0, slash)) return names;
      return new Map([...names].filter(([name]) => name !== prefix.slice(slash + 1)));
    },
    kind: path => (isShown(path) ? tree.kind(path) : undefined),
    readlink: path => tree.readlink(path),
    stat: path => tree.stat(path),
    isMountPoint: directory => tree.isMountPoint(directory),
    open: path => tree.open(path),
    source: path => tree.source(path),
  };
}

/** Returns what the manifest of a tree says of its wrappers; `undefined` if the tree has none. */
export function wrappedIn(tree: View): WrappedTree | undefined {
  for (const { mode, prefix, entries, view } of manifestsIn(tree)) {
    // the manifest may have been edited by hand
    if (mode !== 'flatwrap' || !Array.isArray(view?.needs) || !Array.isArray(entries)) continue;
    const needs = view.needs
      .filter(({ program, optional }) => typeof program === 'string' && !optional)
      .map(({ program, of, floor }) => ({ program, of, floor }));
    return { prefix, entries, needs };
  }
  return undefined;
}
