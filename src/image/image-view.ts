import { mkdirSync } from 'node:fs';
import nodePath from 'node:path';
import { inPrivateDirectory } from '../io/private-directory.ts';
import { directoryView } from '../view/directory.ts';
import type { View } from '../view/view.ts';
import type { ImageEntry } from './entry.ts';
import { type Image, type Volume, volumesOf } from './image.ts';
import { unpackVolume } from './unpack.ts';
import { type Attributes, LABEL } from '../view/attributes.ts';
import type { Reader } from '../elf/reader.ts';
import { partOf } from './range.ts';
import { withOwners } from '../view/owners.ts';

/** What an image holds, as a root, while `use` looks at it. Nothing is mounted, and no privilege needed. Throws `FlixError`. */
export async function withImageView<T>(
  image: Image,
  use: (view: View, entries: readonly ImageEntry[]) => T | Promise<T>,
): Promise<T> {
  return inPrivateDirectory(async directory => {
    const entries = await unpackImage(image, directory);
    return use(directoryView(directory, { label: image.path }), entries);
  });
}

/**
 * Writes all volumes of an image into an empty directory, each at its place. Throws `FlixError`.
 *
 * @returns all that it holds
 */
export async function unpackImage(image: Image, directory: string): Promise<ImageEntry[]> {
  const entries: ImageEntry[][] = [];
  for (const volume of volumesOf(image)) {
    const target = nodePath.join(directory, volume.at);
    if (volume.at !== '/') mkdirSync(target, { recursive: true });
    entries.push(await unpackVolume(image, volume, target));
  }
  return entries.flat();
}

/** Extended attributes of what an image holds. */
export function imageAttributes(entries: readonly ImageEntry[]): Attributes {
  return new Map(entries.flatMap(({ path, attributes }) => (attributes ? [[path, attributes]] : [])));
}

/** Every SELinux label of a file has the role of objects: `system_u:object_r:bin_t:s0`. */
const ROLE = Buffer.from(':object_r:');
const CHUNK = 1024 * 1024;
/**
 * Whether files of a volume bear SELinux labels. Extended attributes are stored as they are, so that a file that speaks
 * of labels makes it true as well; but in squashfs, which compresses them, and whose entries tell.
 *
 * @param entries of the image
 */
export function hasLabels(
  { reader }: Image,
  { type, offset, size }: Volume,
  entries: readonly ImageEntry[],
): boolean {
  if (type === 'squashfs') return entries.some(({ attributes }) => attributes?.has(LABEL));
  return contains(partOf(reader, { offset, length: size }), ROLE);
}

function contains(reader: Reader, text: Buffer): boolean {
  for (let at = 0; at < reader.size; at += CHUNK) {
    const length = Math.min(CHUNK + text.length, reader.size - at);
    if (Buffer.from(reader.read(at, length)).includes(text)) return true;
  }
  return false;
}

/** An unpacked image with the owners that it has inside: an ordinary user cannot give files away. */
export function ownedView(unpacked: View, entries: readonly ImageEntry[]): View {
  const owners = new Map(entries.map(({ path, uid, gid }) => [path, { uid, gid }]));
  return withOwners(unpacked, path => owners.get(path));
}
