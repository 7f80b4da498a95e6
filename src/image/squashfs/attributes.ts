import type { Reader } from '../../elf/reader.ts';
import type { Attributes } from '../../view/attributes.ts';
import { blocksBetween, damaged } from './blocks.ts';
import { decompress } from './decompress.ts';
import { listNumbers } from './inodes.ts';
import { attributeLists, attributeTables } from './lists.ts';
import { endOfDirectories, readSuperblock } from './superblock.ts';

/**
 * Extended attributes of a squashfs that tell something of an extension, by path. unsquashfs before 4.6 names none, and
 * to write them to files, as it does, takes root. Throws `FlixError`.
 *
 * @param listed every path, as unsquashfs lists them
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
    if (!listed.has(path)) throw damaged(`unsquashfs lists no ${path}`);
    count++;
    const attributes = list === undefined ? undefined : lists.get(list);
    if (attributes) found.set(path, attributes);
  }
  if (count < listed.size) throw damaged('unsquashfs lists more than its directories hold');
  return found;
}
