import { databaseOf, packageNamed, packageOf } from '../packages/database.ts';
import type { Package } from '../packages/package.ts';
import { programsInPath } from '../packages/programs-in-path.ts';
import { memoised } from '../view/memo.ts';
import { basename } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { isProgramOfEveryHost } from './every-host.ts';

const NONE: ReadonlyMap<string, string> = new Map();

/**
 * Returns the programs that a file may run by name because its package depends on theirs. Only a program after which its
 * package is named counts, such as `dnsmasq` of dnsmasq-base: the string `top` in an object rarely means the program of
 * procps. Programs that every host has are left out.
 *
 * @param path real
 * @returns their paths by their names in PATH
 */
export function programsOfDependencies(view: View, path: string): ReadonlyMap<string, string> {
  const owner = packageOf(view, path);
  return owner ? programsByName(view, owner) : NONE;
}

const byOwner = new WeakMap<Package, ReadonlyMap<string, string>>();

function programsByName(view: View, owner: Package): ReadonlyMap<string, string> {
  const known = byOwner.get(owner);
  if (known) return known;
  const programs = new Map<string, string>();
  for (const dependency of dependenciesOf(view, owner))
    for (const path of programsOfPackages(view, '/').get(dependency) ?? [])
      if (!programs.has(basename(path))) programs.set(basename(path), path);
  byOwner.set(owner, programs);
  return programs;
}

/** Returns the installed packages on which one depends, except essential ones and those of the same source. */
function dependenciesOf(view: View, owner: Package): Package[] {
  const database = databaseOf(view)!;
  const found = owner.depends.flatMap(alternatives =>
    alternatives.flatMap(name => packageNamed(database, name, owner)?.found ?? []).slice(0, 1),
  );
  return found.filter(({ essential, source }) => !essential && source !== owner.source);
}

/**
 * The paths in PATH of the programs after which each package is named, including the links of update-alternatives(1) to them.
 */
const programsOfPackages = memoised((view): ReadonlyMap<Package, readonly string[]> => {
  const programs = new Map<Package, string[]>();
  for (const { name, path, listed } of programsInPath(view)) {
    const owner = isProgramOfEveryHost(path) ? undefined : packageOf(view, listed);
    if (owner && isNamedAfter(owner, name)) programs.set(owner, [...(programs.get(owner) ?? []), path]);
  }
  return programs;
});

/** Whether the name of a program is a part of that of its package, between hyphens. */
function isNamedAfter({ name }: Package, program: string): boolean {
  return `-${name}-`.includes(`-${program}-`);
}
