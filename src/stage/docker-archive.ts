import { FlixError } from '../errors.ts';
import { readPieces, readRange } from '../io/file-bytes.ts';
import { type Layout, readJson, refuseTooMany, type StagedImage, stageLayout } from './oci.ts';
import { badArchive } from './tar-entry.ts';
import { IMAGE_LAYER, PassingDigest, type Staging, verified } from './staging.ts';
import { readTar } from './tar-reader.ts';
import { decompressed } from './decompress.ts';

/** The place of a file in an archive, in bytes. */
interface Member {
  readonly at: number;
  readonly size: number;
}

const MAX_MEMBERS = 100_000;

/** Reads the places of all files in an archive, so that they can be read in any order. */
async function membersOf(file: string): Promise<ReadonlyMap<string, Member>> {
  const members = new Map<string, Member>();
  const links = new Map<string, string>();
  const plain = (name: string) => name.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '');
  await readTar(readPieces(file), (entry, at) => {
    const name = plain(entry.name);
    if (members.size + links.size > MAX_MEMBERS) throw badArchive('it has too many members to be an image');
    if (entry.type === 'file') members.set(name, { at, size: entry.size });
    // old versions of docker link layers that occur twice
    else if (entry.type === 'link') links.set(name, relative(name, entry.link));
    else if (entry.type === 'hard-link') links.set(name, plain(entry.link));
    return undefined;
  });
  for (const [name, target] of links) {
    const member = members.get(target);
    if (member) members.set(name, member);
  }
  return members;
}

function relative(from: string, target: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of target.split('/'))
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  return parts.join('/');
}

function archiveLayout(file: string, members: ReadonlyMap<string, Member>, place: string): Layout {
  return {
    place,
    open: path => {
      const member = members.get(path);
      return member && readRange(file, { offset: member.at, length: member.size });
    },
  };
}

/** Adds the layers of an image of an archive that contains an OCI image layout. Throws `FlixError`. @param file not compressed */
export async function stageOciArchive(
  file: string,
  place: string,
  wanted: { readonly tag: string | undefined; readonly architecture: string },
  staging: Staging,
): Promise<StagedImage> {
  return stageLayout(archiveLayout(file, await membersOf(file), place), wanted, staging);
}

/** An image in `manifest.json` (moby image/tarexport). */
interface Image {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

/**
 * Adds the layers of an image of an archive as “docker save” writes it, each checked against its digest in the configuration of the image.
 * Throws `FlixError`.
 *
 * @param file not compressed
 * @param place as the user named it
 * @param tag `NAME:TAG`, or a tag that only one image has; `undefined`: the only image
 */
export async function stageDockerArchive(
  file: string,
  place: string,
  tag: string | undefined,
  staging: Staging,
): Promise<StagedImage> {
  const layout = archiveLayout(file, await membersOf(file), place);
  const list = layout.open('manifest.json');
  if (!list)
    throw new FlixError(
      'input',
      'no-image',
      `${place} is not an image of “docker save”: it has no manifest.json`,
      `For the output of “docker export”, or another archive of a root: tar:${place}; for an OCI layout in an archive: oci-archive:${place}`,
    );
  const image = chooseImage(place, imagesIn(await readJson(list, 'manifest.json')), tag);
  const digest = await digestOf(layout, image.Config);
  const configuration = await readJson(opened(layout, image.Config), image.Config);
  const diffs = (configuration as { rootfs?: { diff_ids?: unknown } }).rootfs?.diff_ids;
  if (!Array.isArray(diffs) || diffs.length !== image.Layers.length || !diffs.every(isDigest))
    throw badArchive('the configuration of the image does not match its layers');
  refuseTooMany(image.Layers);
  for (const [at, layer] of image.Layers.entries())
    await staging.addLayer(verifiedLayer(layout, layer, diffs[at] as string), IMAGE_LAYER);
  return { digest, tag: image.RepoTags?.[0], layers: image.Layers.length };
}

/** The digests are those of layers that are not compressed. */
function verifiedLayer(layout: Layout, layer: string, digest: string): AsyncIterable<Uint8Array> {
  return verified(decompressed(opened(layout, layer)), digest, layer);
}

function opened(layout: Layout, path: string): AsyncIterable<Uint8Array> {
  const found = layout.open(path);
  if (!found) throw badArchive(`${path} is missing`);
  return found;
}

async function digestOf(layout: Layout, path: string): Promise<string> {
  const passing = new PassingDigest();
  await readJson(passing.of(opened(layout, path)), path);
  return passing.digest!;
}

function imagesIn(document: object): Image[] {
  const images = document as Partial<Image>[];
  const isImage = (image: Partial<Image> | null) =>
    typeof image?.Config === 'string' &&
    Array.isArray(image.Layers) &&
    image.Layers.every(layer => typeof layer === 'string');
  if (!Array.isArray(images) || !images.every(isImage)) throw badArchive('manifest.json is damaged');
  return images as Image[];
}

function chooseImage(place: string, images: readonly Image[], tag: string | undefined): Image {
  const found = images.filter(
    ({ RepoTags }) =>
      tag === undefined || (RepoTags ?? []).some(name => name === tag || name.endsWith(`:${tag}`)),
  );
  if (found.length === 1) return found[0]!;
  const names = images.flatMap(({ RepoTags }) => RepoTags ?? []);
  throw new FlixError(
    'input',
    'no-image',
    tag === undefined
      ? `${place} contains ${images.length} images`
      : `${place} contains ${found.length === 0 ? 'no image' : `${found.length} images`} with the tag ${tag}`,
    names.length > 0
      ? `It contains ${names.join(', ')}: name one after a colon, as in docker-archive:${place}:${names[0]}`
      : undefined,
  );
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
}
