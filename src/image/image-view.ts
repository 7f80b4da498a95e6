import { mkdirSync } from 'node:fs';
import nodePath from 'node:path';
import { inPrivateDirectory, removeTree } from '../io/private-directory.ts';
import { directoryView } from '../view/directory.ts';
import type { View } from '../view/view.ts';
import type { EntryTable } from './entry-table.ts';
import { type Image, type Volume, volumesOf } from './image.ts';
import { mergedEntries, ownedView, unpackVolume, withVolumeRoot } from './unpack.ts';
import { LABEL } from '../view/attributes.ts';
import type { Reader } from '../elf/reader.ts';
import { partOf } from './range.ts';

/** Gives `use` the contents of an image as a root. Mounts nothing and needs no privilege. Throws `FlixError`. */
export async function withImageView<T>(
  image: Image,
  use: (view: View, entries: EntryTable) => T | Promise<T>,
): Promise<T> {
  return inPrivateDirectory(async directory => {
    const entries = await unpackImage(image, directory);
    return use(directoryView(directory, { label: image.path }), entries);
  });
}

/**
 * Gives `use` the contents of an image as a root, with the owners recorded in it. Reads them in place if it can, and unpacks
 * them otherwise. Throws `FlixError`.
 *
 * @param use gets a function that makes a view with a label, and the entries of all volumes
 */
export async function withImageRoot<T>(
  image: Image,
  use: (root: (label?: string) => View, entries: EntryTable) => Promise<T>,
): Promise<T> {
  const [volume, ...others] = volumesOf(image);
  if (volume?.at === '/' && others.length === 0)
    return withVolumeRoot(image, volume, (root, entries) => use(label => root(label ?? image.path), entries));
  return inPrivateDirectory(async directory => {
    const entries = await unpackImage(image, directory);
    return use(
      label => ownedView(directoryView(directory, { label: label ?? image.path }), entries),
      entries,
    );
  });
}

/**
 * Writes all volumes of an image into an empty directory, each where systemd mounts it. Throws `FlixError`.
 *
 * @returns the entries of all volumes
 */
export async function unpackImage(image: Image, directory: string): Promise<EntryTable> {
  const entries: EntryTable[] = [];
  for (const volume of volumesOf(image)) {
    const target = nodePath.join(directory, volume.at);
    if (volume.at !== '/') {
      // the mount hides what the root partition has there
      await removeTree(target);
      mkdirSync(target, { recursive: true });
    }
    entries.push(await unpackVolume(image, volume, target));
  }
  return mergedEntries(entries);
}

/** The role in every SELinux label of a file: `system_u:object_r:bin_t:s0`. */
const ROLE = Buffer.from(':object_r:');
const CHUNK = 1024 * 1024;
/**
 * Returns whether files of a volume have SELinux labels. Searches for the text of a label, because extended attributes are
 * stored uncompressed; a file whose contents mention a label therefore counts, too. squashfs compresses them, so there the
 * entries decide.
 *
 * @param entries the entries of the image
 */
export function hasLabels({ reader }: Image, { type, offset, size }: Volume, entries: EntryTable): boolean {
  if (type === 'squashfs') return [...entries.attributes().values()].some(named => named.has(LABEL));
  return contains(partOf(reader, { offset, length: size }), ROLE);
}

function contains(reader: Reader, text: Buffer): boolean {
  for (let at = 0; at < reader.size; at += CHUNK) {
    const length = Math.min(CHUNK + text.length, reader.size - at);
    if (Buffer.from(reader.read(at, length)).includes(text)) return true;
  }
  return false;
}
