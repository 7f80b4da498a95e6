import { within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';

/** The wrappers of a tree, whose programs run in a view of a staged root instead of the host’s own view. */
export interface WrappedTree {
  /** The path of the staged root in the tree. */
  readonly prefix: string;
  /** The paths of the wrappers. */
  readonly entries: readonly string[];
  readonly needs: readonly WrapperNeed[];
}

/** A program of the host that wrappers call. */
export interface WrapperNeed {
  /** Its absolute path. */
  readonly program: string;
  /** The project that it must come from. The file contains the project’s name and version. */
  readonly of: string | undefined;
  readonly floor: string | undefined;
}

/** Hides the staged root of a tree: the host's loader does not search it, and the staged loader sees nothing else. */
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
    if (mode !== 'flatwrap' || !view) continue;
    const needs = view.needs
      .filter(({ optional }) => !optional)
      .map(({ program, of, floor }) => ({ program, of, floor }));
    return { prefix, entries, needs };
  }
  return undefined;
}
