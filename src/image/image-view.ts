import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { inPrivateDirectory } from '../io/private-directory.ts';
import { directoryView } from '../view/directory.ts';
import type { View } from '../view/view.ts';
import { type Image, volumesOf } from './image.ts';
import { unpackVolume } from './unpack.ts';

/** What an image holds, as a root, while `use` looks at it. Nothing is mounted, and no privilege needed. Throws `FlixError`. */
export async function withImageView<T>(image: Image, use: (view: View) => T | Promise<T>): Promise<T> {
  return inPrivateDirectory(async directory => {
    await unpackImage(image, directory);
    return use(directoryView(directory, { label: image.path }));
  });
}

/** Writes all volumes of an image into an empty directory, each at its place. Throws `FlixError`. */
export async function unpackImage(image: Image, directory: string): Promise<void> {
  for (const volume of volumesOf(image)) {
    const target = path.join(directory, volume.at);
    if (volume.at !== '/') mkdirSync(target, { recursive: true });
    await unpackVolume(image, volume, target);
  }
}
