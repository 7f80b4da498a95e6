import { FlixError } from '../../errors.ts';
import { packageNamed, packageOf } from '../../packages/database.ts';
import type { Database, Package } from '../../packages/package.ts';
import { follow } from '../../view/follow.ts';
import { basename } from '../../view/path.ts';
import type { View } from '../../view/view.ts';
import { declaredPrograms } from '../../needs/scripts.ts';
import { interpretersOf } from '../../needs/interpreters.ts';
import type { Depends } from './choices.ts';
import { hostPart, isOfHost } from './host-parts.ts';
import type { PackagePath, Payload } from './payload.ts';

export interface Selected {
  readonly owner: Package;
  /** Why it is brought, to follow its name in a message; `undefined`: the user named it. */
  readonly because: string | undefined;
  /** The package that the user named and for which this one is brought; itself if the user named it. */
  readonly of: Package;
  /** All of its programs are brought; otherwise only those that other files of the packages start. */
  readonly allPrograms: boolean;
}

/** The packages that are brought. */
export interface Selection {
  readonly selected: readonly Selected[];
  /** Whether a path of a selected package is brought. */
  readonly brings: (from: Selected, entry: PackagePath) => boolean;
}

/**
 * Returns the package of each name. Throws `FlixError` for an unknown name, and for a part of every host.
 *
 * @param force allow parts of the host
 */
export function namedPackages(known: Database, names: readonly string[], force: boolean): Package[] {
  return names.map(name => {
    const named = packageNamed(known, name);
    const part = named && !force ? hostPart(named.found) : undefined;
    if (part !== undefined)
      throw new FlixError(
        'input',
        'host-package',
        `${named!.found.name} is part of every host: ${part}`,
        'Name the programs that need it: flix brings the libraries that they load. To bring the package nevertheless, add --force.',
      );
    if (named) return named.found;
    const near = nearNames(
      name,
      known.packages.map(other => other.name),
    );
    throw new FlixError(
      'input',
      'no-package',
      `no package ${name} is installed in the root`,
      near.length > 0
        ? `Installed packages with similar names: ${near.join(', ')}.`
        : `Install it in the root first; ${known.place} lists what is installed.`,
    );
  });
}

/**
 * Selects the dependencies of packages. Evidence that a dependency is needed: it was built from the same source, a link or the
 * first line of a program leads to it, an object or script contains the name of the program after which it is named, or it
 * contains modules for the interpreter of a program. A package without files stands for its dependencies. Libraries are no
 * evidence, since the closure brings them without their package. A package that is needed only for its modules does not bring
 * others from its source, which is that of the interpreter.
 *
 * The programs of a dependency would replace those of the host. They are brought only if a brought file leads to them, if the dependency was built from the source of a named package, or if `depends` is `all`.
 */
export function selectPackages(
  view: View,
  known: Database,
  named: readonly Package[],
  depends: Depends,
  payloadOf: (owner: Package) => Payload,
): Selection {
  const selected = new Map<Package, Selected>(
    named.map(owner => [owner, { owner, because: undefined, of: owner, allPrograms: true }]),
  );
  const started = new Set<string>();
  const brings = ({ allPrograms }: Selected, { path, is }: PackagePath) =>
    allPrograms || started.has(path) || (is !== 'program' && !ANNOUNCES.test(path));
  const selection = () => ({ selected: [...selected.values()], brings });
  if (depends === 'none') return selection();
  const dependencies = (owner: Package): Package[] =>
    owner.depends.flatMap(alternatives => {
      const found = alternatives.flatMap(name => packageNamed(known, name, owner) ?? []);
      return (found.find(({ provided }) => !provided) ?? found[0])?.found ?? [];
    });
  const namedSources = new Set(named.map(({ source }) => source));
  const add = (owner: Package, because: string, { of }: Selected, standsFor = false) => {
    const allPrograms = standsFor || depends === 'all' || namedSources.has(owner.source);
    if (!selected.has(owner)) selected.set(owner, { owner, because, of, allPrograms });
  };
  const sources = new Set<string>();
  const families = new Set<Family>();
  const reasonFor = (owner: Package, other: Package): string | undefined => {
    if (isOfHost(other)) return undefined;
    if (other.essential) return undefined;
    if (sources.has(other.source)) return 'built from the same source';
    if (depends === 'all') return 'on which the others depend';
    if (INSTALLERS.has(other.name)) return undefined;
    if (payloadOf(owner).paths.length === 0) return `for which ${owner.name} stands`;
    const isModule = [...families].some(({ modules }) =>
      payloadOf(other).paths.some(({ path }) => modules.test(path)),
    );
    return isModule ? WITH_MODULES : undefined;
  };
  const pointers = new Map<Package, readonly Pointer[]>();
  for (let size = 0; size < selected.size + started.size;) {
    size = selected.size + started.size;
    // a Map yields what is added to it meanwhile
    for (const from of selected.values()) {
      const { owner, because, allPrograms } = from;
      if (!pointers.has(owner)) {
        pointers.set(owner, pointersOf(view, payloadOf(owner)));
        if (because !== WITH_MODULES) sources.add(owner.source);
        for (const family of familiesOf(view, payloadOf(owner))) families.add(family);
      }
      for (const { entry, to } of pointers.get(owner)!) {
        if (!brings(from, entry) || started.has(to)) continue;
        started.add(to);
        const target = packageOf(view, to);
        if (!target || selected.has(target)) continue;
        for (const step of pathTo(owner, target, dependencies))
          add(step, `to which ${entry.path} leads`, from);
      }
      for (const other of dependencies(owner)) {
        const reason = selected.has(other) ? undefined : reasonFor(owner, other);
        if (reason !== undefined)
          add(other, reason, from, allPrograms && payloadOf(owner).paths.length === 0);
      }
    }
  }
  return selection();
}

/** Files that announce the programs of a package to people, desktops and shells. */
const ANNOUNCES =
  /^\/usr\/(?:lib\/binfmt\.d|share\/(?:applications|bash-completion|binfmts|fish|icons|menu|metainfo|pixmaps|zsh))\//;

const WITH_MODULES = 'with modules for the interpreter of the programs';

/** Packages that only maintainer scripts use. */
export const INSTALLERS: ReadonlySet<string> = new Set(['adduser', 'debconf', 'lsb-base', 'ucf']);

/** Returns the packages on the shortest way through dependencies, without the first; empty: there is none. */
function pathTo(from: Package, to: Package, dependencies: (owner: Package) => readonly Package[]): Package[] {
  const cameFrom = new Map<Package, Package | undefined>([[from, undefined]]);
  for (const owner of cameFrom.keys()) {
    for (const other of dependencies(owner))
      if (!cameFrom.has(other) && !INSTALLERS.has(other.name) && !isOfHost(other)) cameFrom.set(other, owner);
    if (cameFrom.has(to)) break;
  }
  const steps: Package[] = [];
  for (let at = cameFrom.has(to) ? to : undefined; at && at !== from; at = cameFrom.get(at))
    steps.unshift(at);
  return steps;
}

/** A path of a package that leads to a file, which may be in another package. */
interface Pointer {
  readonly entry: PackagePath;
  readonly to: string;
}

/** Returns the files to which the links of a package and the first lines of its programs lead, and the programs that it runs. */
function pointersOf(view: View, { paths }: Payload): Pointer[] {
  return paths.flatMap(entry => {
    const { path, kind, is } = entry;
    if (kind === 'link' && is !== 'state') {
      const real = follow(view, path);
      return real.path !== undefined && real.kind === 'file' ? [{ entry, to: real.path }] : [];
    }
    if (kind !== 'file' || is === 'state') return [];
    const declared = declaredPrograms(view, path).map(to => ({ entry, to: follow(view, to).path ?? to }));
    if (is !== 'program') return declared;
    const interpreters = interpretersOf(view, path).paths.flatMap(named => {
      const real = follow(view, named).path;
      return SHELLS.has(basename(named)) ? [] : [named, real ?? named].map(to => ({ entry, to }));
    });
    return [...declared, ...interpreters];
  });
}

/** Every host has a shell. */
const SHELLS: ReadonlySet<string> = new Set(['sh', 'env']);

/** An interpreter, and the files that are modules for it. */
interface Family {
  readonly interpreter: RegExp;
  readonly modules: RegExp;
}

const FAMILIES: readonly Family[] = [
  { interpreter: /^python/, modules: /^\/usr\/lib\/python\d[^/]*\/\w+-packages\// },
  { interpreter: /^perl/, modules: /^\/usr\/(?:share|lib\/[^/]+)\/perl5?\// },
  { interpreter: /^ruby/, modules: /^\/usr\/(?:lib\/ruby|share\/rubygems-integration|share\/ruby)\// },
  { interpreter: /^node/, modules: /^\/usr\/(?:share\/nodejs|lib\/nodejs|lib\/node_modules)\// },
  { interpreter: /^php/, modules: /^\/usr\/(?:share|lib)\/php\// },
  { interpreter: /^lua/, modules: /^\/usr\/(?:share|lib\/[^/]+)\/lua\// },
];

/** The languages in which a package has programs or modules. */
function familiesOf(view: View, { paths }: Payload): Family[] {
  const interpreters = new Set(
    paths.flatMap(({ path, kind, is }) =>
      kind === 'file' && is === 'program' ? interpretersOf(view, path).paths.map(basename) : [],
    ),
  );
  return FAMILIES.filter(
    ({ interpreter, modules }) =>
      [...interpreters].some(name => interpreter.test(name)) || paths.some(({ path }) => modules.test(path)),
  );
}

const MAX_NEAR = 5;

/** The names that resemble a name, the nearest first. */
function nearNames(name: string, names: readonly string[]): string[] {
  const ranked = [...new Set(names)].flatMap(other => {
    const rank = other.startsWith(name)
      ? 1
      : other.includes(name) || (other.length > 2 && name.startsWith(other))
        ? 2
        : Math.abs(other.length - name.length) <= 2 && distance(name, other) <= 2
          ? 0
          : undefined;
    return rank === undefined ? [] : [{ other, rank }];
  });
  return ranked
    .sort((a, b) => a.rank - b.rank || a.other.length - b.other.length || (a.other < b.other ? -1 : 1))
    .slice(0, MAX_NEAR)
    .map(({ other }) => other);
}

/** The number of characters to insert, remove or replace (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
