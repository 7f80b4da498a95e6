import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { copyRange } from '../io/file-bytes.ts';
import { freeSpace, inPrivateDirectory } from '../io/private-directory.ts';
import { readOptionalBytes } from '../io/read-text.ts';
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

const USR = '/usr';
const BLOCK_DEVICES = '/sys/block';

/** Gives `use` a file that contains only the volume, as every tool requires. A btrfs that is mounted is copied. */
export async function withVolumeFile<T>(
  { realPath, reader }: Image,
  { offset, size, type }: Volume,
  use: (file: string) => Promise<T>,
): Promise<T> {
  if (size === reader.size && !(type === 'btrfs' && isAttached(realPath))) return use(realPath);
  return inPrivateDirectory(async directory => {
    if ((await freeSpace(directory)) < size) throw full(directory, size);
    const file = `${directory}/volume`;
    await copyRange(realPath, { offset, length: size }, file);
    return use(file);
  });
}

/** Whether the file is attached to a loop device. The btrfs tools refuse to read a file that is mounted. */
function isAttached(realPath: string): boolean {
  if (!fs.existsSync(BLOCK_DEVICES)) return false;
  return fs
    .readdirSync(BLOCK_DEVICES)
    .some(
      device =>
        readOptionalBytes(`${BLOCK_DEVICES}/${device}/loop/backing_file`)?.toString().trim() === realPath,
    );
}

/** Lists the entries of an image by their paths in the extension. Throws `FlixError`. */
export async function listImage(image: Image): Promise<ImageEntry[]> {
  const lists: ImageEntry[][] = [];
  for (const volume of volumesOf(image)) lists.push(await listVolume(image, volume));
  return mergedEntries(lists);
}

/** Joins the entries of the root and usr partitions: the usr partition is mounted over what the root has at /usr. */
export function mergedEntries(lists: readonly (readonly ImageEntry[])[]): ImageEntry[] {
  const [first = [], second] = lists;
  if (!second) return [...first];
  return [...first.filter(({ path: at }) => at !== USR && !at.startsWith(`${USR}/`)), ...second];
}

async function listVolume(image: Image, volume: Volume): Promise<ImageEntry[]> {
  const reader = readers[volume.type];
  await requireTools(reader);
  const entries = await withVolumeFile(image, volume, file => reader.list(file));
  return placed(entries, volume);
}

/** Changes paths inside the volume to paths in the extension. */
function placed(entries: ImageEntry[], { at: place }: Volume): ImageEntry[] {
  if (place === '/') return entries;
  const moved = (at: string) => (at === '/' ? place : place + at);
  return entries.map(entry => Object.assign(entry, { path: moved(entry.path) }));
}

/**
 * Unpacks a volume into an empty directory, after checking that its names, number of files and sizes are harmless. Throws
 * `FlixError`: `hostile-image`, `special-file`, `disk-full`, `incomplete-image`, and those of tools.
 *
 * @returns the entries, as `listImage` returns them
 */
export async function unpackVolume(image: Image, volume: Volume, directory: string): Promise<ImageEntry[]> {
  const reader = readers[volume.type];
  await requireTools(reader);
  return withVolumeFile(image, volume, async file => {
    const entries = await reader.list(file);
    const total = checkEntries(entries, volume.size);
    refuseSpecial(image, entries);
    if ((await freeSpace(directory)) < total) throw full(directory, total);
    await reader.unpack(file, directory, entries);
    checkComplete(image, entries, directory);
    restoreModes(entries, directory);
    return placed(entries, volume);
  });
}

/** Returns what the file system's own check complains about; `undefined` if nothing is wrong. Throws `FlixError`. */
export async function fileSystemCheck(image: Image, volume: Volume): Promise<string | undefined> {
  const reader = readers[volume.type];
  await requireTools(reader);
  return withVolumeFile(image, volume, file => reader.check(file));
}

async function requireTools({ tools }: FileSystemReader): Promise<void> {
  for (const tool of tools) await requireTool(tool);
}

/** Refuses devices: unpacked by root, a device in an image would give access to the device of this machine. */
function refuseSpecial({ path: label }: Image, entries: readonly ImageEntry[]): void {
  const special = entries.find(({ kind }) => kind === 'other');
  if (special)
    throw new FlixError(
      'input',
      'special-file',
      `${label}: ${special.path} is a FIFO, a socket or a device, which is not unpacked`,
    );
}

/** Checks that everything was unpacked, because some tools succeed on a truncated image. */
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
        `${label}: ${at} could not be unpacked: the image is damaged or truncated`,
      );
  }
}

/** Restores modes: debugfs clears setuid, btrfs-progs ignores the modes of directories. A directory's contents come first, because its own mode may close it. */
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
    `${directory} has no space for the ${bytes} bytes of the image`,
    'Free some space, or set TMPDIR to a directory that has more.',
  );
}
