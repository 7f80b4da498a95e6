import fs from 'node:fs';
import { FlixError } from '../errors.ts';
import { readPieces } from '../io/file-bytes.ts';
import { badArchive } from './tar-entry.ts';
import { IMAGE_LAYER, type Staging, verified } from './staging.ts';

type Pieces = AsyncIterable<Uint8Array>;

/** The files of an OCI image layout, in a directory or an archive. */
export interface Layout {
  /** As the user named it. */
  readonly place: string;
  /** Opens a file by its path in the layout; `undefined`: there is none. */
  open(path: string): Pieces | undefined;
}

/** What identifies an image. */
export interface StagedImage {
  readonly digest: string;
  /** The name of the image in its layout or archive. */
  readonly tag: string | undefined;
  readonly layers: number;
}

/** OCI image-spec, descriptor.md. */
interface Descriptor {
  readonly mediaType?: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly architecture?: string; readonly os?: string };
}

const TAG = 'org.opencontainers.image.ref.name';
const INDEX_TYPES = /\.(?:image\.index|manifest\.list)\.v/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
/** In bytes. Registries refuse larger manifests. */
const MAX_JSON = 4 * 1024 * 1024;
/** Docker refuses more. */
const MAX_LAYERS = 128;

export function directoryLayout(place: string): Layout {
  return {
    place,
    open: path => {
      const file = `${place}/${path}`;
      return fs.existsSync(file) ? readPieces(file) : undefined;
    },
  };
}

/**
 * Adds the layers of an image of a layout, each checked against its digest (OCI image-spec, image-layout.md). Throws `FlixError`:
 * `no-image`, `bad-archive`, `hostile-archive`.
 *
 * @param tag `undefined`: the only image of the layout
 * @param architecture as OCI spells it (`amd64`), for images of several; default: that of this machine
 */
export async function stageLayout(
  layout: Layout,
  { tag, architecture }: { readonly tag: string | undefined; readonly architecture: string },
  staging: Staging,
): Promise<StagedImage> {
  const index = layout.open('index.json');
  if (!index)
    throw new FlixError(
      'input',
      'no-image',
      `${layout.place} is not an OCI image layout: it has no index.json`,
      'skopeo copy docker://IMAGE oci:DIRECTORY:TAG makes one.',
    );
  const named = chooseTag(layout, descriptors(await readJson(index, 'index.json'), 'manifests'), tag);
  const manifest = await chooseArchitecture(layout, named, architecture);
  const layers = descriptors(await readBlob(layout, manifest), 'layers');
  refuseTooMany(layers);
  for (const layer of layers) await staging.addLayer(openBlob(layout, layer), IMAGE_LAYER);
  return {
    digest: manifest.digest,
    tag: named.annotations?.[TAG],
    layers: layers.length,
  };
}

/** Layers may all be one blob, so that a small image would write without end. */
export function refuseTooMany(layers: readonly unknown[]): void {
  if (layers.length > MAX_LAYERS) throw badArchive(`the image has ${layers.length} layers`);
}

function chooseTag({ place }: Layout, all: readonly Descriptor[], tag: string | undefined): Descriptor {
  const names = all.flatMap(({ annotations }) => annotations?.[TAG] ?? []);
  const found = tag === undefined ? all : all.filter(({ annotations }) => annotations?.[TAG] === tag);
  if (found.length === 1) return found[0]!;
  const list = names.length > 0 ? `It contains ${names.join(', ')}.` : undefined;
  if (found.length === 0)
    throw new FlixError(
      'input',
      'no-image',
      tag === undefined ? `${place} contains no image` : `${place} contains no image with the tag ${tag}`,
      list,
    );
  throw new FlixError(
    'input',
    'no-image',
    `${place} contains ${found.length} images`,
    list === undefined ? undefined : `${list} Name one of them after a colon: oci:${place}:${names[0]}`,
  );
}

async function chooseArchitecture(
  layout: Layout,
  descriptor: Descriptor,
  architecture: string,
  depth = 0,
): Promise<Descriptor> {
  if (!INDEX_TYPES.test(descriptor.mediaType ?? '')) return descriptor;
  if (depth > 4) throw badArchive('its indexes are nested too deeply');
  const all = descriptors(await readBlob(layout, descriptor), 'manifests');
  const found = all.find(({ platform }) => platform?.architecture === architecture);
  if (found) return chooseArchitecture(layout, found, architecture, depth + 1);
  const others = all.flatMap(({ platform }) => platform?.architecture ?? []);
  throw new FlixError(
    'input',
    'no-image',
    `${layout.place} contains no image for ${architecture}`,
    others.length > 0 ? `It contains ${others.join(', ')}: choose one with --arch.` : undefined,
  );
}

function openBlob(layout: Layout, { digest }: Descriptor): Pieces {
  const blob = layout.open(`blobs/${digest.replace(':', '/')}`);
  if (!blob) throw badArchive(`the blob ${digest} is missing`);
  return verified(blob, digest, 'a blob');
}

async function readBlob(layout: Layout, descriptor: Descriptor): Promise<object> {
  return readJson(openBlob(layout, descriptor), descriptor.digest);
}

/** Reads a small JSON document. Throws `FlixError` `bad-archive`. */
export async function readJson(pieces: Pieces, what: string): Promise<object> {
  const read: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > MAX_JSON) throw badArchive(`${what} has more than ${MAX_JSON} bytes`);
    read.push(Buffer.from(piece));
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(read).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // reported below
  }
  throw badArchive(`${what} is not a JSON document`);
}

/** Reads a list of descriptors. Throws `FlixError` `bad-archive` for a malformed digest, which could name any path. */
function descriptors(document: object, member: string): Descriptor[] {
  const list: unknown = (document as Record<string, unknown>)[member];
  if (!Array.isArray(list)) throw badArchive(`an image lacks “${member}”`);
  for (const item of list as (Partial<Descriptor> | null)[])
    if (typeof item?.digest !== 'string' || !DIGEST.test(item.digest))
      throw badArchive(`a digest in “${member}” is damaged`);
  return list as Descriptor[];
}
