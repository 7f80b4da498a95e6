import { databaseOf, packageNamed, packageOf } from '../packages/database.ts';
import { memoised } from '../view/memo.ts';
import { basename } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { JudgedNeed } from './need.ts';
import { walk } from '../view/walk.ts';

/** Enough files of a directory to tell whose it is. */
const SAMPLE = 1000;

/**
 * Returns whether a file or directory was built from the same source as an object, which then most likely uses it;
 * without a package database, whether its name begins with that of the object.
 *
 * @param what real
 * @param user real
 */
export function isOwn(view: View, what: string, user: string): boolean {
  const source = view.source(user);
  const owner = packageOf(source.view, source.path)?.source;
  if (owner === undefined) return !hasPackages(source.view, '/') && isNamedAfter(what, user);
  const counts = countsOf(view, what).sources;
  let files = 0;
  for (const count of counts.values()) files += count;
  return (counts.get(owner) ?? 0) * 2 > files;
}

/**
 * Returns whether a file or directory belongs to a package that the package of an object depends on or, if asked, recommends.
 * Debian policy 7.2: a package depends on what it needs for “a significant amount of functionality”, and recommends what
 * “would be found together with this one in all but unusual installations”.
 *
 * @param what real
 * @param user real
 */
export function isOfDependency(view: View, what: string, user: string, orRecommended: boolean): boolean {
  const { view: root, path } = view.source(user);
  const owner = packageOf(root, path);
  const known = databaseOf(root);
  if (!owner || !known) return false;
  const name = packageNameOf(view, what);
  return (
    name !== undefined &&
    [...owner.depends, ...(orRecommended ? owner.recommends : [])].some(alternatives =>
      alternatives.some(other => packageNamed(known, other, owner)?.found.name === name),
    )
  );
}

/** Returns the size and the package of what a need names. @param what real */
export function measure(view: View, what: string): Pick<JudgedNeed, 'size' | 'package'> {
  const owner = packageNameOf(view, what);
  return { size: () => sizeOf(view, what), ...(owner !== undefined && { package: owner }) };
}

/** Whether a directory contains no file, which helps no program. @param what real; `undefined` is not empty */
export function isEmpty(view: View, what: string | undefined): boolean {
  return what !== undefined && view.kind(what) === 'directory' && countsOf(view, what).packages.size === 0;
}

/** The size of a file, or of everything in a directory, in bytes. @param what real */
const sizeOf = memoised((view, what): number => {
  if (view.kind(what) !== 'directory') return view.stat(what).size;
  let bytes = 0;
  for (const { path, kind } of walk(view, what)) if (kind === 'file') bytes += view.stat(path).size;
  return bytes;
});

/** Returns the package that owns a file, or most of the files in a directory. @param what real */
function packageNameOf(view: View, what: string): string | undefined {
  const counts = countsOf(view, what).packages;
  const [most] = [...counts].filter(([name]) => name !== '').sort(([, a], [, b]) => b - a);
  return most?.[0];
}

/** Counts the files of each package and of each source, with `''` for files that no package owns. */
const countsOf = memoised((view, what) => {
  const packages = new Map<string, number>();
  const sources = new Map<string, number>();
  const increase = (counts: Map<string, number>, name = '') => counts.set(name, (counts.get(name) ?? 0) + 1);
  const count = (path: string) => {
    const { view: root, path: place } = view.source(path);
    const owner = packageOf(root, place);
    increase(packages, owner?.name);
    increase(sources, owner?.source);
  };
  if (view.kind(what) !== 'directory') count(what);
  else {
    let seen = 0;
    for (const { path, kind } of walk(view, what)) {
      if (kind !== 'directory') count(path);
      if (kind !== 'directory' && ++seen >= SAMPLE) break;
    }
  }
  return { packages, sources };
});

const hasPackages = memoised((view): boolean => packageOf(view, '/usr/bin') !== undefined);

/** Whether a path below /usr/share or its like begins with the stem of a program's or library's name. */
function isNamedAfter(what: string, user: string): boolean {
  const stem = basename(user)
    .replace(/^lib(?=.)/, '')
    .split(/[.\d_-]/)[0]!;
  const [name = ''] = what
    .replace(/^\/(?:usr\/)?(?:share|libexec|lib|opt)\/(?:[^/]+-linux-[^/]+\/)?/, '')
    .split('/');
  return stem.length > 1 && name.startsWith(stem) && !/[a-z]/i.test(name.charAt(stem.length));
}
