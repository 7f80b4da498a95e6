import { ATTRIBUTES } from '../view/attributes.ts';

/** Extended attributes of an inode of erofs (Linux fs/erofs/erofs_fs.h, erofs_xattr_ibody_header and _entry). */

const HEADER = 12;
const ENTRY = 4;
/** `e_name_index`; longer prefixes are ones that whoever made the image asked for. */
const PREFIXES: Readonly<Record<number, string>> = { 1: 'user.', 4: 'trusted.', 6: 'security.' };

/** @param count `i_xattr_icount` of the inode @returns in bytes */
export function attributesSize(count: number): number {
  return count === 0 ? 0 : HEADER + ENTRY * (count - 1);
}

/**
 * Those that tell something of an extension; `undefined`: the inode has none of them.
 *
 * @param body what follows the inode, of the size that it names
 * @param shared reads an entry from the table of those that several inodes share, by its number in units of four bytes
 */
export function attributesIn(
  body: Buffer,
  shared: (id: number) => Buffer,
): ReadonlyMap<string, Buffer> | undefined {
  if (body.length < HEADER) return undefined;
  const found = new Map<string, Buffer>();
  const take = (entry: Buffer): number => {
    const [length, prefix] = [entry[0] ?? 0, PREFIXES[entry[1] ?? 0]];
    const value = ENTRY + length;
    const end = value + (entry.length < ENTRY ? 0 : entry.readUInt16LE(2));
    const name = `${prefix}${entry.toString('latin1', ENTRY, value)}`;
    if (end <= entry.length && ATTRIBUTES.includes(name)) found.set(name, entry.subarray(value, end));
    return (end + 3) & ~3;
  };
  const sharedEnd = HEADER + ENTRY * body[4]!;
  for (let at = HEADER; at < sharedEnd && at + ENTRY <= body.length; at += ENTRY)
    take(shared(body.readUInt32LE(at)));
  for (let at = sharedEnd; at < body.length;) at += take(body.subarray(at));
  return found.size > 0 ? found : undefined;
}
