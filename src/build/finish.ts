import fs from 'node:fs';
import nodePath from 'node:path';
import { type Manifest, manifestPath } from '../plan/manifest.ts';

/** Writes the manifest into a finished tree; the last file of all. */
export function writeManifest(directory: string, manifest: Manifest): void {
  const target = directory + manifestPath(manifest);
  fs.mkdirSync(nodePath.dirname(target), { recursive: true });
  fs.writeFileSync(target, `${JSON.stringify(manifest, undefined, 1)}\n`, { flag: 'wx', mode: 0o644 });
}
