import { changedFile } from './promises/changed-file.ts';
import { unreadableManifest } from './promises/unreadable-manifest.ts';
import { unsealedLoader } from './promises/unsealed-loader.ts';

/** What the manifest of a tree says, and the tree does not keep. */
export const promises = [unreadableManifest, unsealedLoader, changedFile] as const;
