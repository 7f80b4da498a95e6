import { FlixError } from '../errors.ts';
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

interface ManifestSearch {
  readonly manifests: readonly Manifest[];
  readonly unreadable: readonly UnreadableManifest[];
}

/**
 * Returns the manifests of a tree that can be read. A manifest that is not in the private directory that it names belongs
 * to another tree and is left out.
 */
export function manifestsIn(tree: View): Manifest[] {
  return below(tree).flatMap(({ manifests }) => manifests);
}

/** Returns the manifests of a tree that are damaged or that a newer flix wrote. */
export function unreadableManifestsIn(tree: View): UnreadableManifest[] {
  return below(tree).flatMap(({ unreadable }) => unreadable);
}

/**
 * Returns the manifests of a tree whose user cannot do without any of them. Throws `FlixError` `unreadable-manifest` if
 * one cannot be read.
 */
export function requireManifests(tree: View): Manifest[] {
  const [unreadable] = unreadableManifestsIn(tree);
  if (!unreadable) return manifestsIn(tree);
  const { path, kind, message } = unreadable;
  throw new FlixError(
    'input',
    'unreadable-manifest',
    `${path} of ${tree.label} ${message}; it alone records what flix changed in the tree`,
    `${kind === 'newer schema' ? 'Upgrade flix' : 'Restore the file as flix wrote it'}, or make the tree again.`,
  );
}

function below(tree: View): ManifestSearch[] {
  return ['/usr', '/opt'].filter(name => tree.kind(name) === 'directory').map(name => foundBelow(tree, name));
}

const foundBelow = memoised((tree, directory): ManifestSearch => {
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

/** If the prefix cannot be read, assumes the default one, which ends in the name of the extension. */
function isAtItsPlace(tree: View, path: string, prefix: string | undefined): boolean {
  if (prefix !== undefined) return manifestPath({ prefix }) === path;
  return releaseNames(tree).includes(basename(parent(path)));
}

/** Files that flix puts beside a manifest: the links to the loaders of glibc and musl, and the script of wrappers. */
const STARTERS = ['ld.so', 'l', 'enter'];

/** Whether a directory is the private directory of a tree that flix made, judged by the names in it. */
export function isPrivateDirectory(tree: View, directory: string): boolean {
  const manifest = join(directory, 'manifest.json');
  return tree.kind(manifest) === 'file' && isBesideLoader(tree, manifest);
}

/** Recognises the place of a manifest by the files beside it, because a damaged text may not tell who wrote it. */
function isBesideLoader(tree: View, path: string): boolean {
  const directory = parent(path);
  return STARTERS.some(name => tree.kind(join(directory, name)) !== undefined);
}
