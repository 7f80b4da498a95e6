import type { Promises } from '../audit/promises.ts';
import { manifestsIn } from '../plan/earlier.ts';
import { manifestPath } from '../plan/manifest.ts';
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
