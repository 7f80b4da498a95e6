import type { Reader } from '../../elf/reader.ts';
import type { Attributes } from '../../view/attributes.ts';
import { blocksBetween, damaged } from './blocks.ts';
import { decompress } from './decompress.ts';
import { listNumbers } from './inodes.ts';
import { attributeLists, attributeTables } from './lists.ts';
import { endOfDirectories, readSuperblock } from './superblock.ts';

/**
 * Returns the extended attributes of a squashfs that matter to an extension, by path. unsquashfs before 4.6 does not list
 * them, and writing them to files requires root. Throws `FlixError`.
 *
 * @param listed every path that unsquashfs lists
 */
export async function squashfsAttributes(reader: Reader, listed: ReadonlySet<string>): Promise<Attributes> {
  const superblock = readSuperblock(reader);
  if (superblock.attributes === undefined) return new Map();
  const tables = attributeTables(reader, superblock.attributes);
  const [starts, values] = await decompress(superblock, [tables.starts, tables.values]);
  const lists = attributeLists(tables.count, starts!, values!);
  if (lists.size === 0) return new Map();
  const [inodes, directories] = await decompress(superblock, [
    blocksBetween(reader, superblock.inodes, superblock.directories),
    blocksBetween(reader, superblock.directories, endOfDirectories(reader)),
  ]);
  const found = new Map<string, ReadonlyMap<string, Buffer>>();
  let count = 0;
  for (const { path, list } of listNumbers(superblock.root, inodes!, directories!)) {
    if (!listed.has(path)) throw damaged(`unsquashfs does not list ${path}`);
    count++;
    const attributes = list === undefined ? undefined : lists.get(list);
    if (attributes) found.set(path, attributes);
  }
  if (count < listed.size) throw damaged('unsquashfs lists more than its directories contain');
  return found;
}
