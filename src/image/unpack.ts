import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { copyRange } from '../io/file-bytes.ts';
import { freeSpace, inPrivateDirectory } from '../io/private-directory.ts';
import { readOptionalBytes } from '../io/read-text.ts';
import { requireTool } from '../io/probe.ts';
import { directoryView } from '../view/directory.ts';
import { withOwners } from '../view/owners.ts';
import { within } from '../view/path.ts';
import { checkEntries, noSpace, requireSpace } from './check-entries.ts';
import { EntryTable } from './entry-table.ts';
import type { FileSystemType } from './file-system.ts';
import { type Image, type Volume, volumesOf } from './image.ts';
import { btrfsReader } from './read-btrfs.ts';
import { erofsReader } from './read-erofs.ts';
import { ext4Reader } from './read-ext4.ts';
import { squashfsReader } from './read-squashfs.ts';
import type { FileSystemReader } from './reader.ts';
import { tableView } from './table-view.ts';
import type { View } from '../view/view.ts';

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
    if ((await freeSpace(directory)) < size) throw noSpace(directory, size);
    const file = `${directory}/volume`;
    await copyRange(realPath, { offset, length: size }, file);
    return use(file);
  });
}

/** Does work on an image, and names the image in the `FlixError` that is thrown if it is damaged or hostile. */
async function named<T>({ path: label }: Image, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isDamage = error instanceof FlixError && (error.kind === 'input' || error.code === 'tool-failed');
    throw isDamage ? error.about(label) : error;
  }
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
export async function listImage(image: Image): Promise<EntryTable> {
  const lists: EntryTable[] = [];
  for (const volume of volumesOf(image)) lists.push(await listVolume(image, volume));
  return mergedEntries(lists);
}

/** Joins the entries of the root and usr partitions: the usr partition is mounted over what the root has at /usr. */
export function mergedEntries(lists: readonly EntryTable[]): EntryTable {
  const [first = new EntryTable(), second] = lists;
  if (!second) return first;
  const merged = new EntryTable();
  for (const entry of first) if (!within(USR, entry.path)) merged.add(entry);
  for (const entry of second) merged.add(entry);
  return merged;
}

async function listVolume(image: Image, volume: Volume): Promise<EntryTable> {
  const reader = readers[volume.type];
  await requireTools(reader);
  const entries = await withVolumeFile(image, volume, file => named(image, () => reader.list(file)));
  return placed(entries, volume);
}

/** Changes paths inside the volume to paths in the extension. */
function placed(entries: EntryTable, { at: place }: Volume): EntryTable {
  if (place === '/') return entries;
  const moved = new EntryTable();
  for (const entry of entries) moved.add({ ...entry, path: entry.path === '/' ? place : place + entry.path });
  return moved;
}

/**
 * Unpacks a volume into an empty directory, after checking that its names, number of files and sizes are harmless. Throws
 * `FlixError`: `hostile-image`, `special-file`, `disk-full`, `incomplete-image`, and those of tools.
 *
 * @returns the entries, as `listImage` returns them
 */
export async function unpackVolume(image: Image, volume: Volume, directory: string): Promise<EntryTable> {
  const reader = readers[volume.type];
  await requireTools(reader);
  return withVolumeFile(image, volume, async file => {
    const entries = await harmlessEntries(image, volume, file);
    await unpackEntries(image, volume, { file, directory, entries });
    return placed(entries, volume);
  });
}

/** Lists a volume. Throws `FlixError`: `hostile-image`, `special-file`, and those of its reader. */
async function harmlessEntries(image: Image, { type, size }: Volume, file: string): Promise<EntryTable> {
  const entries = await named(image, () => readers[type].list(file));
  await named(image, () => checkEntries(entries, size));
  refuseSpecial(image, entries);
  return entries;
}

interface Unpacking {
  /** Contains only the volume. */
  readonly file: string;
  /** Empty. */
  readonly directory: string;
  readonly entries: EntryTable;
}

async function unpackEntries(
  image: Image,
  { type }: Volume,
  { file, directory, entries }: Unpacking,
): Promise<void> {
  await requireSpace(directory, entries);
  await named(image, () => readers[type].unpack(file, directory, entries));
  checkComplete(image, entries, directory);
  restoreModes(entries, directory);
}

/**
 * Gives `use` a volume as a root, with the owners recorded in it. Reads its files in place if its format allows it, and
 * unpacks them otherwise. Throws `FlixError` as `unpackVolume` does.
 *
 * @param use gets a function that makes a view with a label, and the entries of the volume
 */
export async function withVolumeRoot<T>(
  image: Image,
  volume: Volume,
  use: (root: (label: string) => View, entries: EntryTable) => Promise<T>,
): Promise<T> {
  const reader = readers[volume.type];
  await requireTools(reader);
  return withVolumeFile(image, volume, file =>
    inPrivateDirectory(async directory => {
      const entries = await harmlessEntries(image, volume, file);
      const opened = await named(image, () => reader.open?.(file, directory, entries));
      if (!opened) {
        await unpackEntries(image, volume, { file, directory, entries });
        return use(label => ownedView(directoryView(directory, { label }), entries), entries);
      }
      const { contents, close } = opened;
      const id = `${image.realPath}:${volume.offset}`;
      try {
        return await use(label => tableView({ entries, contents, id }, label), entries);
      } finally {
        close();
      }
    }),
  );
}

/** Shows an unpacked image with the owners recorded in it; an ordinary user cannot give files away when unpacking. */
export function ownedView(unpacked: View, entries: EntryTable): View {
  return withOwners(unpacked, at => {
    const row = entries.find(at);
    return row === undefined ? undefined : entries.owner(row);
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
function refuseSpecial({ path: label }: Image, entries: EntryTable): void {
  for (const { path: at, kind } of entries)
    if (kind === 'other')
      throw new FlixError(
        'input',
        'special-file',
        `${label}: ${at} is a FIFO, a socket or a device, which is not unpacked`,
      );
}

/** Checks that everything was unpacked, because some tools succeed on a truncated image. */
function checkComplete({ path: label }: Image, entries: EntryTable, directory: string): void {
  const view = directoryView(directory, { label });
  for (const { path: at, kind, size } of entries) {
    if (at === '/') continue;
    const same = view.kind(at) === kind && (kind !== 'file' || view.stat(at).size === size);
    if (!same)
      throw new FlixError(
        'input',
        'incomplete-image',
        `${label}: ${at} could not be unpacked: the image is damaged or truncated`,
      );
  }
}

/** Restores modes: debugfs clears setuid, btrfs-progs ignores the modes of directories. A directory's contents come first, because its own mode may close it. */
function restoreModes(entries: EntryTable, directory: string): void {
  for (let row = entries.length - 1; row >= 0; row--) {
    const { path: at, kind, mode } = entries.entry(row);
    if (kind === 'link' || at === '/') continue;
    const file = path.join(directory, at);
    if ((fs.lstatSync(file).mode & 0o7777) !== mode) fs.chmodSync(file, mode);
  }
}
