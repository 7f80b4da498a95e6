import { type Manifest, manifestPath } from '../manifest/manifest.ts';
import { writeText } from './own-files.ts';

/** Writes the manifest into a finished tree; the last file of all. */
export function writeManifest(directory: string, manifest: Manifest): void {
  writeText(directory + manifestPath(manifest), `${JSON.stringify(manifest, undefined, 1)}\n`);
}
