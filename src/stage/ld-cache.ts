import fs from 'node:fs';
import type { Endian } from '../elf/facts.ts';
import { abiOf } from '../elf/machine.ts';
import { LIBRARY_NAME } from '../resolve/foreseen-cache.ts';
import { directoryView } from '../view/directory.ts';
import { follow } from '../view/follow.ts';
import { compareNames } from '../view/ld-cache.ts';
import { ldConfDirectories } from '../view/ld-conf.ts';
import { objectAt } from '../view/object.ts';
import { basename, join } from '../view/path.ts';
import type { View } from '../view/view.ts';

const PLACE = '/etc/ld.so.cache';
/** Searched after those of ld.so.conf (glibc elf/ldconfig.c, add_system_dir). */
const SYSTEM = ['/lib', '/usr/lib'];

interface Entry {
  readonly key: string;
  readonly path: string;
  readonly flags: number;
}

/**
 * Writes the cache that ldconfig(8) would write into a root that has none, for any architecture: the ldconfig of this machine
 * knows only its own. Entries of processor levels (glibc-hwcaps) are left out. Returns whether it was written.
 */
export function writeLdCache(root: string): boolean {
  const view = directoryView(root);
  if (follow(view, '/etc').path !== '/etc' || view.kind(PLACE) !== undefined) return false;
  const found = [...ldConfDirectories(view), ...SYSTEM];
  const seen = new Set<string>();
  const entries: Entry[] = [];
  let endian: Endian = 'little';
  for (const directory of found) {
    const real = follow(view, directory);
    if (real.path === undefined || real.kind !== 'directory' || seen.has(real.path)) continue;
    seen.add(real.path);
    const inDirectory = entriesIn(view, directory, real.path);
    entries.push(...inDirectory.entries);
    endian = inDirectory.endian ?? endian;
  }
  if (entries.length === 0) return false;
  const { mtime } = fs.lstatSync(`${root}/etc`);
  fs.writeFileSync(root + PLACE, cacheBytes(entries, endian), { flag: 'wx', mode: 0o644 });
  fs.utimesSync(root + PLACE, 0, 0);
  fs.utimesSync(`${root}/etc`, mtime, mtime);
  return true;
}

/** As glibc elf/ldconfig.c, search_dir: a library is entered under its soname, a link of the linker under its own name. */
function entriesIn(view: View, directory: string, real: string) {
  const entries = new Map<string, Entry>();
  let endian: Endian | undefined;
  for (const [name, kind] of view.list(real)) {
    if ((kind !== 'file' && kind !== 'link') || !LIBRARY_NAME.test(name)) continue;
    const target = follow(view, join(real, name));
    if (target.path === undefined || target.kind !== 'file') continue;
    const { facts } = objectAt(view, target.path);
    const flags = facts?.dynamic && abiOf(facts.header)?.cacheFlags;
    if (flags === undefined) continue;
    endian = facts!.header.endian;
    const soname = facts!.dynamic!.soname ?? name;
    const isLinkerLink = kind === 'link' && basename(target.path) === soname;
    const key = isLinkerLink ? name : soname;
    if (!entries.has(key) && view.kind(join(real, key)) !== undefined)
      entries.set(key, { key, path: join(directory, key), flags });
  }
  return { entries: [...entries.values()], endian };
}

const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER = 48;
const ENTRY = 24;

/** Writes the newer format alone (glibc elf/cache.c, save_cache), sorted as the loader searches: the greatest name first. */
function cacheBytes(found: readonly Entry[], endian: Endian): Buffer {
  const entries = [...found].sort((a, b) => compareNames(Buffer.from(b.key), Buffer.from(a.key), true));
  const strings: Buffer[] = [];
  let end = HEADER + entries.length * ENTRY;
  const stringAt = (text: string) => {
    const bytes = Buffer.from(`${text}\0`);
    strings.push(bytes);
    end += bytes.length;
    return end - bytes.length;
  };
  const table = Buffer.alloc(end);
  const word = (value: number, at: number) =>
    endian === 'little' ? table.writeUInt32LE(value, at) : table.writeUInt32BE(value, at);
  entries.forEach(({ key, path, flags }, index) => {
    const at = HEADER + index * ENTRY;
    word(flags, at);
    word(stringAt(key), at + 4);
    word(stringAt(path), at + 8);
  });
  table.write(MAGIC, 0, 'latin1');
  word(entries.length, 20);
  word(end - table.length, 24);
  table[28] = endian === 'little' ? 2 : 3;
  return Buffer.concat([table, ...strings]);
}
