import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { copyRange } from '../io/file-bytes.ts';
import { freeSpace, inPrivateDirectory } from '../io/private-directory.ts';
import { requireTool } from '../io/probe.ts';
import { directoryView } from '../view/directory.ts';
import { walk } from '../view/walk.ts';
import { checkEntries, type ImageEntry } from './entry.ts';
import type { FileSystemType } from './file-system.ts';
import { type Image, type Volume, volumesOf } from './image.ts';
import { btrfsReader } from './read-btrfs.ts';
import { erofsReader } from './read-erofs.ts';
import { ext4Reader } from './read-ext4.ts';
import { squashfsReader } from './read-squashfs.ts';
import type { FileSystemReader } from './reader.ts';

const readers: { readonly [F in FileSystemType]: FileSystemReader } = {
  erofs: erofsReader,
  squashfs: squashfsReader,
  ext4: ext4Reader,
  btrfs: btrfsReader,
};

/** A volume as a file that holds nothing else, which every tool can read. */
export async function withVolumeFile<T>(
  { realPath }: Image,
  { offset, size, partition }: Volume,
  use: (file: string) => Promise<T>,
): Promise<T> {
  if (!partition) return use(realPath);
  return inPrivateDirectory(async directory => {
    if ((await freeSpace(directory)) < size) throw full(directory, size);
    const file = `${directory}/volume`;
    await copyRange(realPath, { offset, length: size }, file);
    return use(file);
  });
}

/** What an image holds, as the extension sees it. Throws `FlixError`. */
export async function listImage(image: Image): Promise<ImageEntry[]> {
  const lists: ImageEntry[][] = [];
  for (const volume of volumesOf(image)) lists.push(await listVolume(image, volume));
  return lists.flat();
}

async function listVolume(image: Image, volume: Volume): Promise<ImageEntry[]> {
  const reader = readers[volume.type];
  await requireTools(reader);
  const entries = await withVolumeFile(image, volume, file => reader.list(file));
  return placed(entries, volume);
}

/** By the paths that they have in the extension. */
function placed(entries: ImageEntry[], { at: place }: Volume): ImageEntry[] {
  if (place === '/') return entries;
  const moved = (at: string) => (at === '/' ? place : place + at);
  return entries.map(entry => Object.assign(entry, { path: moved(entry.path) }));
}

/**
 * Writes what a volume holds into an empty directory, after its names, numbers and sizes were found to be harmless.
 * Throws `FlixError`: `hostile-image`, `special-file`, `disk-full`, `incomplete-image`, those of tools.
 *
 * @returns what it holds, as `listImage` tells it
 */
export async function unpackVolume(image: Image, volume: Volume, directory: string): Promise<ImageEntry[]> {
  const reader = readers[volume.type];
  await requireTools(reader);
  return withVolumeFile(image, volume, async file => {
    const entries = await reader.list(file);
    const total = checkEntries(entries, volume.size);
    refuseSpecial(image, entries);
    if ((await freeSpace(directory)) < total) throw full(directory, total);
    await reader.unpack(file, directory);
    checkComplete(image, entries, directory);
    restoreModes(entries, directory);
    return placed(entries, volume);
  });
}

/** What the file system's own check says is wrong; `undefined`: nothing. Throws `FlixError`. */
export async function fileSystemCheck(image: Image, volume: Volume): Promise<string | undefined> {
  const reader = readers[volume.type];
  await requireTools(reader);
  return withVolumeFile(image, volume, file => reader.check(file));
}

async function requireTools({ tools }: FileSystemReader): Promise<void> {
  for (const tool of tools) await requireTool(tool);
}

/** Made by root, a device of an image would be one of this machine. */
function refuseSpecial({ path: label }: Image, entries: readonly ImageEntry[]): void {
  const special = entries.find(({ kind }) => kind === 'other');
  if (special)
    throw new FlixError(
      'input',
      'special-file',
      `${label}: ${special.path} is a FIFO, a socket or a device, which is not unpacked`,
    );
}

/** Some tools succeed on an image that is cut off. */
function checkComplete({ path: label }: Image, entries: readonly ImageEntry[], directory: string): void {
  const view = directoryView(directory, { label });
  const found = new Map([...walk(view, '/')].map(entry => [entry.path, entry.kind]));
  for (const { path: at, kind, size } of entries) {
    if (at === '/') continue;
    const same = found.get(at) === kind && (kind !== 'file' || view.stat(at).size === size);
    if (!same)
      throw new FlixError(
        'input',
        'incomplete-image',
        `${label}: ${at} could not be unpacked: the image is damaged or cut off`,
      );
  }
}

/** debugfs clears setuid, btrfs-progs forgets modes of directories. What is inside first: a directory may come to be closed. */
function restoreModes(entries: readonly ImageEntry[], directory: string): void {
  for (const { path: at, kind, mode } of [...entries].reverse()) {
    if (kind === 'link' || at === '/') continue;
    const file = path.join(directory, at);
    if ((fs.lstatSync(file).mode & 0o7777) !== mode) fs.chmodSync(file, mode);
  }
}

function full(directory: string, bytes: number): FlixError {
  return new FlixError(
    'io',
    'disk-full',
    `${directory}: there is no space for the ${bytes} bytes that the image holds`,
    'free some space, or name another place with TMPDIR',
  );
}
