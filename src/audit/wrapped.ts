import { mountsInside } from '../manifest/manifest.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import type { Shown } from '../view/mounted.ts';
import { join, normalise, within } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/** The wrappers of a tree, whose programs run in a view of a staged root instead of the host’s own view. */
export interface WrappedTree {
  /** The path of the staged root in the tree. */
  readonly prefix: string;
  /** The paths of the wrappers. */
  readonly entries: readonly string[];
  readonly needs: readonly WrapperNeed[];
  /** What the view shows of the host’s paths, in the order in which it is mounted. */
  readonly shown: readonly ShownPart[];
  /** Whether the wrappers pass LD_PRELOAD and its kin on to their tools and programs. */
  readonly passesVariables: boolean;
}

export interface ShownPart extends Shown {
  /** Shown only on a host that has a file at this path. */
  readonly ifHostHas?: string | undefined;
}

/** A program of the host that wrappers call. */
export interface WrapperNeed {
  /** Its absolute path. */
  readonly program: string;
  /** The project that it must come from. The file contains the project’s name and version. */
  readonly of: string | undefined;
  readonly floor: string | undefined;
}

/**
 * Hides the staged root of a tree: the host's loader does not search it, and the staged loader sees nothing else. Files to
 * which links outside the staged root lead are shown, since the host sees them.
 */
export function withoutStagedRoot(tree: View, { prefix }: WrappedTree): View {
  const linked = [...linkedInto(tree, prefix)];
  const isShown = (path: string) =>
    !within(prefix, path) || linked.some(target => within(target, path) || within(path, target));
  const nothing = new Map();
  return {
    label: tree.label,
    versions: tree.versions,
    list: directory => {
      if (!isShown(directory)) return nothing;
      const names = tree.list(directory);
      if (!within(directory, prefix) && !within(prefix, directory)) return names;
      return new Map([...names].filter(([name]) => isShown(join(directory, name))));
    },
    kind: path => (isShown(path) ? tree.kind(path) : undefined),
    readlink: path => tree.readlink(path),
    stat: path => tree.stat(path),
    isMountPoint: directory => tree.isMountPoint(directory),
    open: path => tree.open(path),
    source: path => tree.source(path),
  };
}

/** Returns the real paths below a directory to which, or through which, links outside it lead. */
export const linkedInto = memoised((tree, prefix): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const { path, kind } of walk(tree, '/', below => below === prefix)) {
    if (kind !== 'link') continue;
    const { path: real, links } = follow(tree, path);
    for (const target of [...links, ...(real === undefined ? [] : [real])])
      if (target !== prefix && within(prefix, target)) found.add(target);
  }
  return found;
});

/** Returns the wrappers of a tree, by its manifest or by the layout of the first generation; `undefined` if it has none. */
export function wrappedIn(tree: View): WrappedTree | undefined {
  for (const manifest of manifestsIn(tree)) {
    const { mode, prefix, entries, view } = manifest;
    if (mode !== 'flatwrap' || !view) continue;
    const needs = view.needs
      .filter(({ optional }) => !optional)
      .map(({ program, of, floor }) => ({ program, of, floor }));
    const mounted = mountsInside(manifest, view).map(({ at, from, ofCache }): ShownPart => ({
      at,
      from,
      ifHostHas: ofCache ? at : undefined,
    }));
    const shown = view.form === 'overmount' ? [{ at: '/', from: '/' }, ...mounted] : mounted;
    return { prefix, entries, needs, shown, passesVariables: false };
  }
  return firstGenerationIn(tree);
}

/** The scripts of the first generation call these, the first by `#!`. unshare has `--root` and `--map-user` since 2.36. */
const FIRST_NEEDS: readonly WrapperNeed[] = [
  { program: '/bin/sh', of: undefined, floor: undefined },
  { program: '/usr/bin/unshare', of: 'util-linux', floor: '2.36' },
  ...['id', 'mkdir', 'mount'].map(name => ({ program: `/usr/bin/${name}`, of: undefined, floor: undefined })),
];

/**
 * Recognises what `flatwrap.sh` of the Flatcar sysext bakery makes: `/usr/local/NAME` holds the staged root and
 * `unshare-helper`, which binds its directories and those of the host below `mount-dir`.
 */
function firstGenerationIn(tree: View): WrappedTree | undefined {
  for (const name of tree.list('/usr/local').keys()) {
    const prefix = `/usr/local/${name}`;
    const helper = readText(tree, `${prefix}/unshare-helper`);
    if (helper === undefined || tree.kind(`${prefix}/mount-dir`) !== 'directory') continue;
    const shown = boundIn(helper, `${prefix}/mount-dir`);
    if (shown.length === 0) continue;
    const entries = [...walk(tree, '/usr', below => below === prefix)]
      .filter(({ path, kind }) => kind === 'file' && callsHelper(tree, path, prefix))
      .map(({ path }) => path);
    return { prefix, entries, needs: FIRST_NEEDS, shown, passesVariables: true };
  }
  return undefined;
}

/** Returns what a helper binds below a directory, as the commands `mount --rbind FROM TO` say. */
function boundIn(helper: string, directory: string): ShownPart[] {
  const commands = helper
    .replaceAll('${FLATWRAP_ROOT-}', '')
    .matchAll(/\bmount --r?bind "?([^\s"]+)"? "?([^\s"]+)"?/g);
  return [...commands].flatMap(([, from, to]) => {
    const target = normalise(to!);
    return target !== directory && within(directory, target)
      ? [{ at: target.slice(directory.length), from: normalise(from!) }]
      : [];
  });
}

/** A wrapper is a few lines long. */
const MAX_WRAPPER = 64 * 1024;

function callsHelper(tree: View, path: string, prefix: string): boolean {
  const { size, mode } = tree.stat(path);
  if (size > MAX_WRAPPER || (mode & 0o111) === 0) return false;
  return readText(tree, path)?.includes(`${prefix}/unshare-helper`) ?? false;
}
