import { createHash } from 'node:crypto';
import type { Manifest } from '../manifest/manifest.ts';
import { databaseOf } from '../packages/database.ts';
import { compareVersions } from '../packages/version-order.ts';
import { follow } from '../view/follow.ts';
import { readBytes } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** A package from which files of an extension come, compared with a root. */
export interface ComparedPackage {
  readonly name: string;
  /** The version of which the extension has files. */
  readonly version: string;
  /** The version in the root; `undefined`: it does not have the package. */
  readonly available: string | undefined;
  readonly state: 'newer' | 'same' | 'older' | 'absent';
  /** The files of the extension that differ in the root, by path in the extension; only if it has another version. */
  readonly files: readonly ChangedFile[];
}

interface ChangedFile {
  readonly path: string;
  readonly change: 'changed' | 'gone';
}

/** What an extension has of packages, by name; several versions of one package may come from several roots. */
export function packagesOf({ files }: Manifest): { readonly name: string; readonly version: string }[] {
  const found = new Map<string, { name: string; version: string }>();
  for (const { origin } of files) {
    const { package: name, version } = origin ?? {};
    if (name !== undefined && version !== undefined) found.set(`${name} ${version}`, { name, version });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, owner]) => owner);
}

/** Compares the packages of an extension with those of a root. */
export function comparePackages(manifest: Manifest, root: View): ComparedPackage[] {
  const known = databaseOf(root);
  return packagesOf(manifest).map(({ name, version }): ComparedPackage => {
    const found = known?.packages.filter(owner => owner.name === name) ?? [];
    const available = found[0]?.version;
    if (!known || available === undefined)
      return { name, version, available: undefined, state: 'absent', files: [] };
    const order = compareVersions(known.type, available, version);
    const state = order > 0 ? 'newer' : order < 0 ? 'older' : 'same';
    return {
      name,
      version,
      available,
      state,
      files: state === 'same' ? [] : changedFiles(manifest, name, version, root),
    };
  });
}

function changedFiles(
  { files }: Manifest,
  name: string,
  version: string,
  root: View,
): ComparedPackage['files'] {
  return files.flatMap(({ path, origin, sha256 }): ChangedFile[] => {
    if (origin?.package !== name || origin.version !== version) return [];
    const real = follow(root, origin.path);
    if (real.path === undefined) return [{ path, change: 'gone' }];
    if (sha256 === undefined) return [];
    const bytes = readBytes(root, real.path);
    const isSame = bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === sha256.before;
    return isSame ? [] : [{ path, change: 'changed' }];
  });
}
