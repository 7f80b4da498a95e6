import { createHash } from 'node:crypto';
import { PackageURL } from 'packageurl-js';
import { databaseOf, packageOf } from '../packages/database.ts';
import type { Database, Package } from '../packages/package.ts';
import type { Plan, PlannedFile } from '../plan/plan.ts';
import { readOsRelease } from '../view/os-release.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { type Licence, licencesInCopyright, licencesOf } from './licences.ts';

/** A file of the tree. */
export interface ShippedFile {
  readonly path: string;
  /** Hexadecimal, of the bytes in the tree. */
  readonly sha256: string;
  /** Set if flix edited it. */
  readonly original?: { readonly path: string; readonly sha256: string };
}

/** A package of which the tree has files. */
export interface ShippedPackage {
  readonly owner: Package;
  readonly type: Database['type'];
  readonly purl: string;
  /** The name of the distribution, for people. */
  readonly supplier: string | undefined;
  readonly files: readonly ShippedFile[];
  readonly licences: readonly Licence[];
  /** In the tree. */
  readonly licenceFiles: readonly string[];
}

/** A release of a distribution. */
export interface Release {
  readonly id: string;
  readonly version: string | undefined;
}

/** What a tree consists of. */
export interface Contents {
  readonly packages: readonly ShippedPackage[];
  /** Files of roots that no package owns. */
  readonly unowned: readonly ShippedFile[];
  /** Files that flix wrote, and common licences. */
  readonly own: readonly ShippedFile[];
  /** The distribution of most of the packages. */
  readonly release: Release | undefined;
}

export type Digests = ReadonlyMap<string, { readonly before: string; readonly after: string }>;

/** Sorts the files of a tree by the packages that own them. @param digests of all copied files, by their paths in the tree */
export function contentsOf({ files, licences }: Plan, digests: Digests): Contents {
  const licenceOwners = new Map(
    licences?.packages.flatMap(({ owner, targets }) => targets.map(target => [target, owner] as const)),
  );
  const common = new Set(licences?.common);
  const packages = new Map<string, { owner: Package; view: View; files: ShippedFile[] }>();
  const unowned: ShippedFile[] = [];
  const own: ShippedFile[] = [];
  const releases = new Map<string, { release: Release; count: number }>();
  for (const planned of files) {
    const { content, target } = planned;
    const file = shippedFile(planned, digests);
    if (!file) continue;
    if (content.kind !== 'copy' || common.has(target)) {
      own.push(file);
      continue;
    }
    const { view, path } = content.view.source(content.path);
    const owner = licenceOwners.get(target) ?? packageOf(view, path) ?? packageOf(view, sourceOf(path));
    if (!owner) {
      unowned.push(file);
      continue;
    }
    const purl = packageUrl(view, owner);
    const known = packages.get(purl);
    if (known) known.files.push(file);
    else {
      packages.set(purl, { owner, view, files: [file] });
      const release = releaseOf(view);
      const key = `${release?.id} ${release?.version}`;
      if (release) releases.set(key, { release, count: (releases.get(key)?.count ?? 0) + 1 });
    }
  }
  const [most] = [...releases.values()].sort((a, b) => b.count - a.count);
  return {
    packages: [...packages].map(([purl, { owner, view, files: shipped }]) => {
      const type = databaseOf(view)!.type;
      const licenceFiles = licences?.packages.find(entry => entry.owner === owner)?.targets ?? [];
      const supplier = readOsRelease(view)?.get('NAME');
      return {
        owner,
        type,
        purl,
        supplier,
        files: shipped,
        licences: namedLicences(view, owner),
        licenceFiles,
      };
    }),
    unowned,
    own,
    release: most?.release,
  };
}

/** Byte code that scripts of packages made belongs to the owner of its source (PEP 3147). */
function sourceOf(path: string): string {
  return path.replace(/__pycache__\/([^/]+)\.cpython-\d+(?:\.opt-\d)?\.pyc$/, '$1.py');
}

function shippedFile({ content, target }: PlannedFile, digests: Digests): ShippedFile | undefined {
  if (content.kind === 'text')
    return { path: target, sha256: createHash('sha256').update(content.text).digest('hex') };
  const digest = digests.get(target);
  if (content.kind !== 'copy' || !digest) return undefined;
  return {
    path: target,
    sha256: digest.after,
    ...(digest.before !== digest.after && { original: { path: content.path, sha256: digest.before } }),
  };
}

function releaseOf(view: View): Release | undefined {
  const release = readOsRelease(view);
  const id = release?.get('ID');
  if (!id) return undefined;
  return { id, version: release?.get('VERSION_ID') ?? release?.get('VERSION_CODENAME') };
}

/**
 * Returns the package URL (purl-spec). Grype finds the advisories of a distribution by `upstream` and `distro`, as Syft
 * writes them.
 */
function packageUrl(view: View, { name, version, architecture, source, sourceVersion }: Package): string {
  const type = databaseOf(view)!.type;
  const release = releaseOf(view);
  const [, epoch, bare = version] = (type === 'rpm' && /^(\d+):(.*)$/s.exec(version)) || [];
  const upstream = [source, ...(sourceVersion === version ? [] : [sourceVersion])].join('@');
  const qualifiers = {
    arch: architecture,
    epoch,
    upstream: type === 'rpm' ? `${source}-${sourceVersion}.src.rpm` : upstream === name ? '' : upstream,
    distro: release && [release.id, release.version].filter(Boolean).join('-'),
  };
  const given = Object.entries(qualifiers).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return new PackageURL(
    type,
    release?.id,
    name,
    bare || undefined,
    Object.fromEntries(given),
    undefined,
  ).toString();
}

/** In bytes; no copyright file is longer. */
const MAX_COPYRIGHT = 8 * 1024 * 1024;

function namedLicences(view: View, owner: Package): readonly Licence[] {
  if (owner.licences.length > 0) return licencesOf(owner.licences);
  const text = readText(view, `/usr/share/doc/${owner.name}/copyright`) ?? '';
  return text.length > MAX_COPYRIGHT ? [] : licencesInCopyright(text);
}
