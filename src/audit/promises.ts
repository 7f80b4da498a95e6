import type { ExpectedEntry } from '../manifest/expected-entry.ts';
import { manifestsIn, unreadableManifestsIn } from '../manifest/manifests-in.ts';
import { type Manifest, type ManifestHost, manifestPath } from '../manifest/manifest.ts';
import type { View } from '../view/view.ts';

/** What the manifest of a tree says of its files. */
export interface Promises {
  /** Where the manifest is. */
  readonly manifest: string;
  readonly files: readonly ExpectedEntry[];
  /** Libraries opened at run time that it names as absent or different, in remarks and open needs. */
  readonly openedNames: readonly string[];
  /** Units that no root enabled and that nothing is meant to start. */
  readonly disabledUnits: readonly string[];
  /** What it expects of its host; absent if its programs have a loader of their own. */
  readonly host?: ManifestHost | undefined;
  /** The loaders that it says are sealed, and the variables that each of them still honours. */
  readonly sealed: readonly { readonly loader: string; readonly open: readonly string[] }[];
}

/** A manifest that flix wrote and that cannot be read: what it promises is not known. */
export interface UnreadableManifest {
  /** Where it is. */
  readonly manifest: string;
  readonly flaw: 'no JSON' | 'wrong member' | 'newer schema';
  /** As it goes on after the path. */
  readonly because: string;
}

/** Returns the names of libraries that a manifest says are opened at run time and are not in the tree, or differ. */
export function openedNamesOf({ remarks, needs = [] }: Manifest): string[] {
  const open = needs.filter(({ verdict, what }) => verdict === 'open' && !what.startsWith('/'));
  return [...remarks.flatMap(({ opened }) => opened ?? []), ...open.map(({ what }) => what)];
}

/** Returns what the manifest of a tree says of its files; `undefined` if there is no manifest. */
export function promisesIn(tree: View): Promises | undefined {
  const [manifest] = manifestsIn(tree);
  if (!manifest) return undefined;
  const { files, mode, seal, open, host } = manifest;
  const loaders = mode === 'flix' && seal === 'auto' ? files.filter(({ role }) => role === 'loader') : [];
  return {
    manifest: manifestPath(manifest),
    files: files.map(({ path, link, sha256 }) => ({ path, link, sha256: sha256?.after })),
    openedNames: openedNamesOf(manifest),
    disabledUnits: manifest.remarks.flatMap(({ disabled }) => disabled ?? []),
    ...(host && { host }),
    sealed: loaders.map(({ path }) => ({
      loader: path,
      open: open.flatMap(opening => (opening.file === path ? [opening.through] : [])),
    })),
  };
}

/** Returns the manifests of a tree that cannot be read. */
export function unreadableIn(tree: View): UnreadableManifest[] {
  return unreadableManifestsIn(tree).map(({ path, kind, message }) => ({
    manifest: path,
    flaw: kind,
    because: message,
  }));
}
