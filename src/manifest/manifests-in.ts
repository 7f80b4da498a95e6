import { releaseNames } from '../systemd/extension-release.ts';
import { memoised } from '../view/memo.ts';
import { basename, join, parent } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { type Manifest, manifestPath } from './manifest.ts';
import { claimsToBeManifest, type ManifestFlaw, readManifest } from './read-manifest.ts';

export interface UnreadableManifest extends ManifestFlaw {
  readonly path: string;
}

interface Found {
  readonly manifests: readonly Manifest[];
  readonly unreadable: readonly UnreadableManifest[];
}

/** The manifests that earlier runs left in a tree, wherever their prefix is. One at another place speaks of another tree. */
export function manifestsIn(tree: View): Manifest[] {
  return below(tree).flatMap(({ manifests }) => manifests);
}

/** Those that are damaged, or that a newer flix wrote. */
export function unreadableManifestsIn(tree: View): UnreadableManifest[] {
  return below(tree).flatMap(({ unreadable }) => unreadable);
}

function below(tree: View): Found[] {
  return ['/usr', '/opt'].filter(name => tree.kind(name) === 'directory').map(name => foundBelow(tree, name));
}

const foundBelow = memoised((tree, directory): Found => {
  const manifests: Manifest[] = [];
  const unreadable: UnreadableManifest[] = [];
  for (const { path, kind } of walk(tree, directory)) {
    if (kind !== 'file' || basename(path) !== 'manifest.json') continue;
    const text = readText(tree, path);
    if (text === undefined) continue;
    const claims = claimsToBeManifest(text);
    const read = claims || isBesideLoader(tree, path) ? readManifest(text) : undefined;
    if (!read) continue;
    if ('manifest' in read) {
      if (manifestPath(read.manifest) === path) manifests.push(read.manifest);
    } else if (isAtItsPlace(tree, path, read.prefix)) unreadable.push({ path, ...read.flaw });
  }
  return { manifests, unreadable };
});

/** Where the prefix cannot be read any more, it is taken for the one that the name gives. */
function isAtItsPlace(tree: View, path: string, prefix: string | undefined): boolean {
  if (prefix !== undefined) return manifestPath({ prefix }) === path;
  return releaseNames(tree).includes(basename(parent(path)));
}

/** What programs of flix start with: the links to glibc's and musl's loader, and what a wrapper calls. */
const STARTERS = ['ld.so', 'l', 'enter'];

/** Of a text in which nothing can be read, only what lies beside it tells who wrote it. */
function isBesideLoader(tree: View, path: string): boolean {
  const directory = parent(path);
  return STARTERS.some(name => tree.kind(join(directory, name)) !== undefined);
}
