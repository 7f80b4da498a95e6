import type { Faults } from '../image/fault.ts';
import { manifestsIn } from '../plan/earlier.ts';
import { manifestPath, type ManifestFile } from '../plan/manifest.ts';
import { sha256At } from '../view/digest.ts';
import { RELEASE_DIRECTORY } from '../view/extension-release.ts';
import { within } from '../view/path.ts';
import { ReadFailure, type View } from '../view/view.ts';

/**
 * Compares each file with what the manifests in the tree say of it. The release file is left out: packing may write
 * into it.
 *
 * @returns how many files the manifests speak of
 */
export function checkManifests(tree: View, faults: Faults): number {
  let files = 0;
  for (const manifest of manifestsIn(tree))
    for (const file of manifest.files) {
      if (within(RELEASE_DIRECTORY, file.path)) continue;
      files++;
      const message = faultOf(tree, file);
      if (message !== undefined)
        faults.add({ code: 'manifest', part: manifestPath(manifest), message, path: file.path });
    }
  return files;
}

function faultOf(tree: View, { path, link, sha256 }: ManifestFile): string | undefined {
  const kind = tree.kind(path);
  if (kind === undefined) return 'is not there';
  if (link !== undefined) {
    if (kind !== 'link') return `is to be a link to ${link}`;
    const to = tree.readlink(path);
    return to === link ? undefined : `leads to ${to}, and is to lead to ${link}`;
  }
  if (sha256 === undefined || typeof sha256.after !== 'string') return undefined;
  if (kind !== 'file') return 'is to be a file';
  const found = digest(tree, path);
  return found === sha256.after ? undefined : `has the SHA-256 ${found}, and is to have ${sha256.after}`;
}

function digest(tree: View, path: string): string {
  try {
    return sha256At(tree, path).toString('hex');
  } catch (error) {
    if (error instanceof ReadFailure) return `that cannot be computed (${error.code})`;
    throw error;
  }
}
