import { ATTRIBUTES } from '../view/attributes.ts';
import { askDebugfs } from './debugfs.ts';

/** `  user.name (1) = "0"`, without bytes that would end the line; a long value is left out (debugfs/xattrs.c, print_xattr). */
const LISTED = /^ {2}(\S+) \(\d+\)/gm;
/** The answer where one is asked for as hexadecimal. */
const VALUE = /^\S+ \(\d+\)(?: = ((?:[0-9a-f]{2} )+))?$/m;

/** Extended attributes of an ext4 that tell something of an extension, by the number of the inode. Throws `FlixError`. */
export async function ext4Attributes(
  file: string,
  inodes: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, Buffer>>> {
  const lists = await askDebugfs(
    file,
    inodes.map(inode => `ea_list <${inode}>`),
  );
  const named = inodes.flatMap((inode, i) =>
    [...lists[i]!.matchAll(LISTED)]
      .filter(([, name]) => ATTRIBUTES.includes(name!))
      .map(([, name]) => ({ inode, name: name! })),
  );
  const values = await askDebugfs(
    file,
    named.map(({ inode, name }) => `ea_get -x <${inode}> ${name}`),
  );
  const found = new Map<string, Map<string, Buffer>>();
  for (const [i, { inode, name }] of named.entries()) {
    const value = VALUE.exec(values[i]!);
    // of a longer name that begins like this one, there is none
    if (!value) continue;
    const attributes = found.get(inode) ?? new Map<string, Buffer>();
    found.set(inode, attributes.set(name, Buffer.from((value[1] ?? '').replaceAll(' ', ''), 'hex')));
  }
  return found;
}
