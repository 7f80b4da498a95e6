import type { Promises, UnreadableManifest } from '../audit/promises.ts';
import { manifestsIn, unreadableManifestsIn } from '../manifest/manifests-in.ts';
import { manifestPath } from '../manifest/manifest.ts';
import type { View } from '../view/view.ts';

/** What the manifest of a tree says of its files; `undefined`: it has none. */
export function promisesIn(tree: View): Promises | undefined {
  const [manifest] = manifestsIn(tree);
  if (!manifest) return undefined;
  const { files, mode, seal } = manifest;
  // a manifest is a file like any other: it may have been edited
  const open = Array.isArray(manifest.open) ? manifest.open : [];
  const loaders = mode === 'flix' && seal === 'auto' ? files.filter(({ role }) => role === 'loader') : [];
  return {
    manifest: manifestPath(manifest),
    files: files.map(({ path, link, sha256 }) => ({ path, link, sha256: sha256?.after })),
    sealed: loaders.map(({ path }) => ({
      loader: path,
      open: open.flatMap(opening => (opening?.file === path ? [opening.through] : [])),
    })),
  };
}

/** Manifests of a tree that promise nothing any more, since they cannot be read. */
export function unreadableIn(tree: View): UnreadableManifest[] {
  return unreadableManifestsIn(tree).map(({ path, kind, message }) => ({
    manifest: path,
    flaw: kind,
    because: message,
  }));
}
