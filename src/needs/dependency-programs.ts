import { databaseOf, packageNamed, packageOf } from '../packages/database.ts';
import type { Package } from '../packages/package.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { basename, join, parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { isProgramOfEveryHost } from './every-host.ts';

/** The directories of PATH in which packages install programs. */
const DIRECTORIES = ['/usr/sbin', '/usr/bin', '/usr/games'];
const NONE: ReadonlyMap<string, string> = new Map();

/**
 * Returns the programs, by their names in PATH, of the packages on which the package of a file depends: what an object that
 * contains such a name runs. Only programs after which their package is named count, such as `dnsmasq` of dnsmasq-base: `top`
 * of procps is a word with other meanings, too. Programs that every host has are left out.
 *
 * @param path real
 */
export function programsOfDependencies(view: View, path: string): ReadonlyMap<string, string> {
  const owner = packageOf(view, path);
  return owner ? programsByName(view, owner) : NONE;
}

const known = new WeakMap<View, Map<Package, ReadonlyMap<string, string>>>();

function programsByName(view: View, owner: Package): ReadonlyMap<string, string> {
  const ofView = known.get(view) ?? new Map<Package, ReadonlyMap<string, string>>();
  known.set(view, ofView);
  const found = ofView.get(owner);
  if (found) return found;
  const programs = new Map<string, string>();
  for (const dependency of dependenciesOf(view, owner))
    for (const path of programsOfPackages(view, '/').get(dependency) ?? [])
      if (!programs.has(basename(path))) programs.set(basename(path), path);
  ofView.set(owner, programs);
  return programs;
}

function dependenciesOf(view: View, owner: Package): Package[] {
  const database = databaseOf(view);
  const found = owner.depends.flatMap(
    ([first, ...others]) =>
      [first!, ...others].flatMap(name => packageNamed(database!, name, owner)?.found ?? [])[0] ?? [],
  );
  return found.filter(({ essential, source }) => !essential && source !== owner.source);
}

/** The programs in PATH of each package, with the names that update-alternatives gives to them. */
const programsOfPackages = memoised((view): ReadonlyMap<Package, readonly string[]> => {
  const programs = new Map<Package, string[]>();
  for (const directory of DIRECTORIES)
    for (const [name, kind] of view.list(directory)) {
      const path = join(directory, name);
      if (kind === 'directory' || isProgramOfEveryHost(path)) continue;
      const isAlternative = kind === 'link' && parent(view.readlink(path)) === '/etc/alternatives';
      const place = isAlternative ? follow(view, path).path : resolveParent(view, path);
      const owner = place === undefined ? undefined : packageOf(view, place);
      if (owner && isNamedAfter(owner, name)) programs.set(owner, [...(programs.get(owner) ?? []), path]);
    }
  return programs;
});

function isNamedAfter({ name }: Package, program: string): boolean {
  return `-${name}-`.includes(`-${program}-`);
}
