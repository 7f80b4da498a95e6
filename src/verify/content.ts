import type { Faults } from '../image/fault.ts';
import { manifestsIn } from '../plan/earlier.ts';
import { manifestPath } from '../plan/manifest.ts';
import { differenceFrom } from '../view/expected-entry.ts';
import { RELEASE_DIRECTORY } from '../view/extension-release.ts';
import { within } from '../view/path.ts';
import type { View } from '../view/view.ts';

/**
 * Compares each file with what the manifests in the tree say of it. The release file is left out: packing may write
 * into it.
 *
 * @returns how many files the manifests speak of
 */
export function checkManifests(tree: View, faults: Faults): number {
  let files = 0;
  for (const manifest of manifestsIn(tree))
    for (const { path, link, sha256 } of manifest.files) {
      if (within(RELEASE_DIRECTORY, path)) continue;
      files++;
      const message = differenceFrom(tree, { path, link, sha256: sha256?.after });
      if (message !== undefined)
        faults.add({ code: 'manifest', part: manifestPath(manifest), message, path });
    }
  return files;
}
