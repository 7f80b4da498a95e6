import { createHash } from 'node:crypto';
import Enums from '@cyclonedx/cyclonedx-library/Enums';
import Models from '@cyclonedx/cyclonedx-library/Models';
import Serialize from '@cyclonedx/cyclonedx-library/Serialize';
import Spec from '@cyclonedx/cyclonedx-library/Spec';
import type { Plan } from '../plan/plan.ts';
import { contentsOf, type Digests, type Release, type ShippedFile, type ShippedPackage } from './contents.ts';

/** A bill of materials, and what to say about it. */
export interface Sbom {
  /** A document of CycloneDX in JSON. */
  readonly text: string;
  readonly packages: number;
  /** The files of roots that no package owns, by their paths in the tree. */
  readonly unowned: readonly string[];
}

export interface SbomInput {
  /** The version of flix. */
  readonly flix: string;
  readonly plan: Plan;
  readonly digests: Digests;
  /** In seconds; `undefined`: the document has no time. */
  readonly epoch: number | undefined;
}

/**
 * Lists the packages of a tree with their files as a CycloneDX document. Its form is one that scanners read: Trivy takes
 * only top-level components, of one operating system; Grype and Dependency-Track take nested ones, too, but know files only
 * as components with digests. The version is the newest that all of them read.
 */
export function composeSbom({ flix, plan, digests, epoch }: SbomInput): Sbom {
  const contents = contentsOf(plan, digests);
  const bom = new Models.Bom();
  const { metadata } = bom;
  if (epoch !== undefined) metadata.timestamp = new Date(epoch * 1000);
  metadata.tools.components.add(
    new Models.Component(Enums.ComponentType.Application, 'flix', { version: flix }),
  );
  const extension = new Models.Component(Enums.ComponentType.Application, plan.name, {
    bomRef: `extension:${plan.name}`,
  });
  for (const file of contents.own) extension.components.add(fileComponent(file));
  metadata.component = extension;
  const components = [
    ...(contents.release ? [systemComponent(contents.release)] : []),
    ...contents.packages.map(packageComponent),
    ...contents.unowned.map(file => fileComponent(file, `file:${file.path}`)),
  ];
  for (const component of components) {
    bom.components.add(component);
    if (component.type !== Enums.ComponentType.OperatingSystem) extension.dependencies.add(component.bomRef);
  }
  const originals = new Map(
    [...contents.packages.flatMap(({ files }) => files), ...contents.unowned].flatMap(file =>
      file.original ? [[file.path, file.original] as const] : [],
    ),
  );
  const document = (serialNumber?: string) => {
    bom.serialNumber = serialNumber;
    const written = normalise(bom);
    for (const component of written.components ?? []) addPedigrees(component, originals);
    return `${JSON.stringify(written, undefined, 1)}\n`;
  };
  return {
    text: document(uuidOf(document())),
    packages: contents.packages.length,
    unowned: contents.unowned.map(({ path }) => path),
  };
}

function systemComponent({ id, version }: Release) {
  return new Models.Component(Enums.ComponentType.OperatingSystem, id, {
    bomRef: `os:${id}`,
    ...(version !== undefined && { version }),
  });
}

function packageComponent({ owner, type, purl, supplier, files, licences, licenceFiles }: ShippedPackage) {
  const component = new Models.Component(Enums.ComponentType.Library, owner.name, {
    bomRef: purl,
    purl,
    version: owner.version,
    ...(supplier !== undefined && { supplier: new Models.OrganizationalEntity({ name: supplier }) }),
  });
  for (const licence of licences) component.licenses.add(licence);
  for (const file of files) component.components.add(fileComponent(file));
  const properties = [
    ...licenceFiles.map(path => ['flix:licence-file', path] as const),
    ...sourceProperties(type, owner.source, owner.sourceVersion),
  ];
  for (const [name, value] of properties) component.properties.add(new Models.Property(name, value));
  return component;
}

/** Advisories of distributions name source packages; Trivy and Dependency-Track read them from the properties of Trivy. */
function sourceProperties(type: ShippedPackage['type'], source: string, version: string): [string, string][] {
  const hasParts = type === 'deb' || type === 'rpm';
  const [, epoch, upstream = version, release] =
    (hasParts && /^(?:(\d+):)?(.*?)(?:-([^-]*))?$/s.exec(version)) || [];
  const values = { SrcName: source, SrcVersion: upstream, SrcRelease: release, SrcEpoch: epoch };
  return Object.entries(values).flatMap(([name, value]) =>
    value ? [[`aquasecurity:trivy:${name}`, value] as [string, string]] : [],
  );
}

function fileComponent({ path, sha256 }: ShippedFile, bomRef?: string) {
  const component = new Models.Component(
    Enums.ComponentType.File,
    path,
    bomRef === undefined ? {} : { bomRef },
  );
  component.hashes.set(Enums.HashAlgorithm['SHA-256'], sha256);
  return component;
}

type Document = ReturnType<typeof normalise>;
type DocumentComponent = NonNullable<Document['components']>[number];

function normalise(bom: InstanceType<typeof Models.Bom>) {
  return new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6)
    .makeForBom()
    .normalize(bom, { sortLists: true });
}

/** Says of edited files what they were. The library has no model of `pedigree`. */
function addPedigrees(
  component: DocumentComponent,
  originals: ReadonlyMap<string, NonNullable<ShippedFile['original']>>,
): void {
  const original = component.type === Enums.ComponentType.File ? originals.get(component.name) : undefined;
  if (original)
    Object.assign(component, {
      pedigree: {
        ancestors: [
          { type: 'file', name: original.path, hashes: [{ alg: 'SHA-256', content: original.sha256 }] },
        ],
        notes: 'edited by flix; the manifest lists the edits',
      },
    });
  for (const nested of component.components ?? []) addPedigrees(nested, originals);
}

/** Derives a UUID of version 8 (RFC 9562), so that the same content has the same serial number. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest();
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const digits = bytes.toString('hex', 0, 16);
  return `urn:uuid:${digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`;
}
