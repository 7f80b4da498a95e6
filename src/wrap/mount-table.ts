import type { Mount } from './wrapping.ts';

/** In the prefix: all mounts, and those of a host that has no `/etc/ld.so.cache`: `nofail` is for sources only. */
export const TABLE = 'fstab';
export const TABLE_WITHOUT_CACHE = 'fstab.no-cache';

/** Content by file name. */
export function mountTables(mounts: readonly Mount[]): ReadonlyMap<string, string> {
  const without = mounts.filter(mount => !mount.ofCache);
  const tables = new Map([[TABLE, mountTable(mounts)]]);
  if (without.length < mounts.length) tables.set(TABLE_WITHOUT_CACHE, mountTable(without));
  return tables;
}

/** fstab(5), for `mount -a -T`. */
export function mountTable(mounts: readonly Mount[]): string {
  return mounts.map(line).join('');
}

function line({ from, to, kind, readOnly, optional }: Mount): string {
  const options = [kind, ...(readOnly ? ['ro'] : []), ...(optional ? ['nofail'] : [])];
  return `${escape(from)} ${escape(to)} none ${options.join(',')} 0 0\n`;
}

/** libmount ends a field at a blank, reads octal escapes, and takes a `#` at the start for a comment. */
function escape(path: string): string {
  return path.replaceAll(/[\s\\#"']/g, character => {
    const bytes = [...Buffer.from(character)];
    return bytes.map(byte => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  });
}
