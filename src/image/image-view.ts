import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { inPrivateDirectory } from '../io/private-directory.ts';
import { directoryView } from '../view/directory.ts';
import type { View } from '../view/view.ts';
import type { Entry } from './entry.ts';
import { type Image, volumesOf } from './image.ts';
import { unpackVolume } from './unpack.ts';

/** What an image holds, as a root, while `use` looks at it. Nothing is mounted, and no privilege needed. Throws `FlixError`. */
export async function withImageView<T>(
  image: Image,
  use: (view: View, entries: readonly Entry[]) => T | Promise<T>,
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
export async function unpackImage(image: Image, directory: string): Promise<Entry[]> {
  const entries: Entry[][] = [];
  for (const volume of volumesOf(image)) {
    const target = path.join(directory, volume.at);
    if (volume.at !== '/') mkdirSync(target, { recursive: true });
    entries.push(await unpackVolume(image, volume, target));
  }
  return entries.flat();
}
