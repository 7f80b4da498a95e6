import type { Faults } from '../image/fault.ts';
import { manifestsIn, unreadableManifestsIn } from '../manifest/manifests-in.ts';
import { manifestPath } from '../manifest/manifest.ts';
import { differenceFrom } from '../manifest/expected-entry.ts';
import { RELEASE_DIRECTORY } from '../systemd/extension-release.ts';
import { within } from '../view/path.ts';
import type { View } from '../view/view.ts';

/**
 * Compares each file with what the manifests in the tree say of it. The release file is left out: packing may write
 * into it.
 *
 * @returns what could not be compared, and why
 */
export function checkManifests(tree: View, faults: Faults): string[] {
  let files = 0;
  for (const manifest of manifestsIn(tree))
    for (const { path, link, sha256 } of manifest.files) {
      if (within(RELEASE_DIRECTORY, path)) continue;
      files++;
      const message = differenceFrom(tree, { path, link, sha256: sha256?.after });
      if (message !== undefined)
        faults.add({ code: 'manifest', part: manifestPath(manifest), message, path });
    }
  const unreadable = unreadableManifestsIn(tree);
  for (const { path, kind, message } of unreadable)
    if (kind !== 'newer schema') faults.add({ code: 'unreadable-manifest', part: path, message });
  if (files + unreadable.length === 0) return ['the image holds none: its files are compared with nothing'];
  return unreadable
    .filter(({ kind }) => kind === 'newer schema')
    .map(({ path, message }) => `${path} ${message}; upgrade flix to compare its files`);
}
