import { compileGlob } from '../glob.ts';
import { follow } from './follow.ts';
import { join, parent } from './path.ts';
import { readText } from './text.ts';
import type { View } from './view.ts';

/**
 * Returns the directories of `/etc/ld.so.conf`, in order (glibc elf/ldconfig.c, parse_conf): expands `include` globs in C
 * collation and ignores `#` comments and `hwcap` lines. The loader itself uses only the cache that ldconfig made of them.
 */
export function ldConfDirectories(view: View, path = '/etc/ld.so.conf'): string[] {
  return directoriesOf(view, path, new Set());
}

/** @param read files already read; a file that is included again adds nothing */
function directoriesOf(view: View, path: string, read: Set<string>): string[] {
  const directories: string[] = [];
  const real = follow(view, path).path;
  if (real === undefined || read.has(real)) return directories;
  read.add(real);
  for (const raw of (readText(view, path) ?? '').split('\n')) {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '' || /^hwcap\s/.test(line)) continue;
    const include = /^include\s+(.*)$/.exec(line);
    if (!include) {
      directories.push(line.split(/[\s=]/)[0]!.replace(/(?<=.)\/+$/, ''));
      continue;
    }
    for (const pattern of include[1]!.split(/\s+/))
      for (const file of expand(view, pattern.startsWith('/') ? pattern : join(parent(path), pattern)))
        directories.push(...directoriesOf(view, file, read));
  }
  return directories;
}

/** Expands a pattern as glob(3) does: `*`, `?` and `[…]`, which do not match a leading dot. */
function expand(view: View, pattern: string): string[] {
  let paths = ['/'];
  for (const part of pattern.split('/').filter(Boolean)) {
    const matcher = /[*?[]/.test(part) ? compileGlob(part) : undefined;
    paths = paths.flatMap(base => {
      if (!matcher) return [join(base, part)];
      const directory = follow(view, base);
      if (directory.path === undefined) return [];
      return [...view.list(directory.path).keys()]
        .filter(name => matcher(name) && (part.startsWith('.') || !name.startsWith('.')))
        .map(name => join(base, name));
    });
  }
  return paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
