import { memoised } from '../view/memo.ts';
import type { View } from '../view/view.ts';
import { apkDatabase } from './apk.ts';
import { dpkgDatabase } from './dpkg.ts';
import type { Database, Package } from './package.ts';
import { pacmanDatabase } from './pacman.ts';
import { type RpmFiles, rpmDatabase, rpmFiles } from './rpm.ts';

/** Returns the package database of a root; `undefined`: it has none that flix can read. */
export function databaseOf(view: View): Database | undefined {
  return database(view, '/');
}

const database = memoised(view => textDatabase(view, '/') ?? rpmDatabase(view));
const textDatabase = memoised(view => dpkgDatabase(view) ?? apkDatabase(view) ?? pacmanDatabase(view));

/** Returns the database of rpm if it is the only one of a root: rpm has to be asked before owners are looked up. */
export function unreadDatabase(view: View): RpmFiles | undefined {
  return textDatabase(view, '/') ? undefined : rpmFiles(view);
}

/** Returns the package that owns a file; `undefined`: no package owns it. @param path real */
export function packageOf(view: View, path: string): Package | undefined {
  const { owners } = index(view, '/');
  // packages from before the usr-merge own /lib/…, which is /usr/lib/… now
  return owners.get(path) ?? (path.startsWith('/usr/') ? owners.get(path.slice('/usr'.length)) : undefined);
}

/**
 * Returns the version of a package if a root records it as the owner of a file; `undefined`: it records another owner or
 * none. Reads the file list of this package only.
 *
 * @param path real
 */
export function versionOfOwner(view: View, path: string, name: string): string | undefined {
  if (view.record) {
    const [owner, version] = view.record.package(path) ?? [];
    return owner === name ? version : undefined;
  }
  const candidates = databaseOf(view)?.packages.filter(candidate => candidate.name === name) ?? [];
  return candidates.find(candidate => shortPathsOf(view, candidate).has(withoutUsr(path)))?.version;
}

const shortPaths = new WeakMap<Package, ReadonlySet<string>>();

/** Returns the paths of a package without `/usr`: packages from before the usr-merge own /lib/…, which is /usr/lib/… now. */
function shortPathsOf(view: View, owner: Package): ReadonlySet<string> {
  let found = shortPaths.get(owner);
  if (!found) {
    found = new Set(databaseOf(view)!.filesOf(owner).map(withoutUsr));
    shortPaths.set(owner, found);
  }
  return found;
}

function withoutUsr(path: string): string {
  return path.replace(/^\/usr\//, '/');
}

/** Whether several packages have a directory. */
export function isShared(view: View, directory: string): boolean {
  return index(view, '/').shared.has(directory);
}

/** Reads the file list of every package, for questions that no single list answers. */
const index = memoised(view => {
  const owners = new Map<string, Package>();
  const shared = new Set<string>();
  const known = databaseOf(view);
  for (const owner of known?.packages ?? [])
    for (const path of known!.filesOf(owner)) {
      const other = owners.get(path);
      if (other && other.name !== owner.name) shared.add(path);
      owners.set(path, owner);
    }
  return { owners, shared };
});

/**
 * Returns the installed package of a name, such as `libz` or `libz:i386`, or one that provides it.
 *
 * @param beside a package whose architecture is preferred
 */
export function packageNamed(
  known: Database,
  name: string,
  beside?: Package,
): { readonly found: Package; readonly provided: boolean } | undefined {
  const { real, virtual } = namesOf(known);
  const find = (wanted: string, architecture: string | undefined) => {
    const best = (candidates: readonly Package[] = []) =>
      candidates.find(candidate => candidate.architecture === architecture) ?? candidates[0];
    const found = best(real.get(wanted));
    if (found) return { found, provided: false };
    const provider = best(virtual.get(wanted));
    return provider && { found: provider, provided: true };
  };
  const colon = name.lastIndexOf(':');
  return (
    find(name, beside?.architecture) ??
    (colon < 0 ? undefined : find(name.slice(0, colon), name.slice(colon + 1)))
  );
}

interface Names {
  readonly real: ReadonlyMap<string, readonly Package[]>;
  readonly virtual: ReadonlyMap<string, readonly Package[]>;
}

const names = new WeakMap<Database, Names>();

function namesOf(known: Database): Names {
  const found = names.get(known);
  if (found) return found;
  const real = new Map<string, Package[]>();
  const virtual = new Map<string, Package[]>();
  const add = (to: Map<string, Package[]>, name: string, owner: Package) =>
    void (to.get(name)?.push(owner) ?? to.set(name, [owner]));
  for (const owner of known.packages) {
    add(real, owner.name, owner);
    for (const name of owner.provides) add(virtual, name, owner);
  }
  names.set(known, { real, virtual });
  return { real, virtual };
}
