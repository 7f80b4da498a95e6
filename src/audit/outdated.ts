import { createHash } from 'node:crypto';
import type { Manifest } from '../manifest/manifest.ts';
import { advisoriesFor, type Advisory, type AdvisoryMatch, type SuspectPackage } from './advisories.ts';
import { databaseOf } from '../packages/database.ts';
import { compareVersions } from '../packages/version-order.ts';
import { follow } from '../view/follow.ts';
import { readOsRelease } from '../view/os-release.ts';
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
  /** The advisories that concern the version of the extension. */
  readonly advisories: readonly FoundAdvisory[];
  /** The files of the extension that differ in the root, by path in the extension; only if it has another version. */
  readonly files: readonly ChangedFile[];
}

export interface FoundAdvisory extends AdvisoryMatch {
  /** Whether it no longer concerns the version in the root. */
  readonly solved: boolean;
}

interface ChangedFile {
  readonly path: string;
  readonly change: 'changed' | 'gone';
}

/** Lists the packages from which an extension has files, by name; one from several roots may have several versions. */
export function packagesOf({ files }: Manifest): { readonly name: string; readonly version: string }[] {
  const found = new Map<string, { name: string; version: string }>();
  for (const { origin } of files) {
    const { package: name, version } = origin ?? {};
    if (name !== undefined && version !== undefined) found.set(`${name} ${version}`, { name, version });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, owner]) => owner);
}

/** Compares the packages of an extension with those of a root, and finds the advisories that concern them. */
export function comparePackages(
  manifest: Manifest,
  root: View,
  advisories: readonly Advisory[] = [],
): ComparedPackage[] {
  const known = databaseOf(root);
  const release = readOsRelease(root)?.get('VERSION_ID');
  const found = (owner: SuspectPackage) => advisoriesFor(advisories, owner, release);
  return packagesOf(manifest).map(({ name, version }): ComparedPackage => {
    const owner = known?.packages.find(other => other.name === name);
    if (!known || owner === undefined) {
      const type = known?.type ?? 'deb';
      const concerned = found({ type, name, version, source: name, sourceVersion: version });
      const unsolved = concerned.map(match => withSolution(match, false));
      return { name, version, available: undefined, state: 'absent', advisories: unsolved, files: [] };
    }
    const { version: available, source, sourceVersion } = owner;
    const order = compareVersions(known.type, available, version);
    const state = order > 0 ? 'newer' : order < 0 ? 'older' : 'same';
    // Debian adds +b1 to the version of a binary package that is built again from the same source
    const ofSource = (of: string) => (of === available ? sourceVersion : of.replace(/\+b\d+$/, ''));
    const about = (of: string) =>
      found({ type: known.type, name, version: of, source, sourceVersion: ofSource(of) });
    const open = new Set(about(available).map(({ id }) => id));
    return {
      name,
      version,
      available,
      state,
      advisories: about(version).map(match => withSolution(match, !open.has(match.id))),
      files: state === 'same' ? [] : changedFiles(manifest, name, version, root),
    };
  });
}

function withSolution(match: AdvisoryMatch, solved: boolean): FoundAdvisory {
  return { ...match, solved };
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
