import type { ElfHeader } from '../elf/facts.ts';
import { follow } from '../view/follow.ts';
import { ldConfDirectories } from '../view/ld-conf.ts';
import { memoised } from '../view/memo.ts';
import { objectAt } from '../view/object.ts';
import { join } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { sameAbi } from '../elf/machine.ts';

/** File names that ldconfig considers (glibc elf/ldconfig.c, search_dir). */
export const LIBRARY_NAME = /^(?:lib.*\.so.*|ld-.*\.so.*|ld\.so\..*|ld64\.so\..*)$/s;

/**
 * Returns the path that ldconfig would enter into the cache for `soname` if it ran in this view: it searches the
 * directories of ld.so.conf in order, then the default directories.
 *
 * @param prefer a layer whose files win over those of every other layer
 */
export function foresee(
  view: View,
  soname: string,
  defaultDirectories: readonly string[],
  abi: ElfHeader,
  prefer: View | undefined,
): string | undefined {
  const directories = [
    ...confDirectories(view, '/etc/ld.so.conf'),
    ...defaultDirectories.map(text => text.replace(/(?<=.)\/+$/, '')),
  ];
  const candidates = LIBRARY_NAME.test(soname)
    ? directories.flatMap(directory => candidateIn(view, directory, soname, abi) ?? [])
    : [];
  return (candidates.find(({ layer }) => layer === prefer) ?? candidates[0])?.path;
}

const confDirectories = memoised(ldConfDirectories);

interface CachedPath {
  readonly path: string;
  readonly layer: View;
}

function candidateIn(view: View, directory: string, soname: string, abi: ElfHeader): CachedPath | undefined {
  const where = follow(view, directory);
  if (where.path === undefined || where.kind !== 'directory') return undefined;
  // nearly every library has its soname as its file name; otherwise, look for any file with that soname
  const name = hasSoname(view, join(where.path, soname), soname, abi)
    ? soname
    : sonamesIn(view, where.path).get(soname);
  if (name === undefined) return undefined;
  const real = follow(view, join(where.path, name));
  if (real.path === undefined || !hasSoname(view, real.path, soname, abi)) return undefined;
  return { path: join(directory, name), layer: view.source(real.path).view };
}

function hasSoname(view: View, path: string, soname: string, abi: ElfHeader): boolean {
  const target = follow(view, path);
  if (target.path === undefined || target.kind !== 'file') return false;
  const { facts } = objectAt(view, target.path);
  if (!facts || !sameAbi(abi, facts.header)) return false;
  return (facts.dynamic?.soname ?? soname) === soname;
}

/** Maps the sonames in a directory to files, for libraries without a link yet. The last file name in C order wins. */
const sonamesIn = memoised((view, directory): ReadonlyMap<string, string> => {
  const names = [...view.list(directory)]
    .filter(([name, kind]) => kind === 'file' && LIBRARY_NAME.test(name))
    .map(([name]) => name);
  const sonames = new Map<string, string>();
  for (const name of names.sort()) {
    const soname = objectAt(view, join(directory, name)).facts?.dynamic?.soname;
    if (soname !== undefined) sonames.set(soname, name);
  }
  return sonames;
});
