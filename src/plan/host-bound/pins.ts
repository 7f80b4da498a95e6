import { isLibcPart } from '../../libc/libc.ts';
import { databaseOf, packageOf, versionOfOwner } from '../../packages/database.ts';
import type { Package, Pin } from '../../packages/package.ts';
import { isSameVersion } from '../../packages/version-order.ts';
import type { Closure, Edge, LoadedObject } from '../../resolve/closure.ts';
import { shortDigest } from '../../view/digest.ts';
import type { FileSource, View } from '../../view/view.ts';

/** A file of a staging root. */
export type Origin = Pick<FileSource, 'view' | 'path'>;

/**
 * A pin between an object and a library that it loads: the package of the object depends on exactly one version of that of the
 * library.
 */
export interface PinnedEdge extends Pin {
  /** The package that pins the other one. */
  readonly by: string;
  /** What a host has instead; `undefined`: the host satisfies the pin. */
  readonly unlike: OtherPackage | undefined;
}

/** A file of a host that does not come from the package version that a pin demands. */
interface OtherPackage {
  /** Of the package on the host; `undefined`: the host does not record this package as the owner of the file. */
  readonly version: string | undefined;
}

/**
 * Returns the pin between an object and a library that it loads, if one of them is the host's; `undefined`: there is none, or
 * one of them is part of the C library, which is always the host's. Packages of one source that exchange private data or
 * compare their releases at start pin each other, and no symbol shows it. Data and programs of pinned packages are not
 * examined, because no loader mixes them.
 *
 * @param staged what the file of the tree loads in its own root
 * @param originOf returns where a file of the tree comes from; `undefined`: it is a file of the host
 */
export function pinnedEdge(
  user: LoadedObject,
  { name, to }: Edge,
  staged: Closure,
  originOf: (object: LoadedObject) => Origin | undefined,
): PinnedEdge | undefined {
  if (!to || isLibc(to) || isLibc(user)) return undefined;
  const originInStaging = (isSame: (object: LoadedObject) => boolean): Origin | undefined => {
    const object = staged.objects.find(isSame);
    return object && object.view.source(object.real);
  };
  const own = originOf(user);
  const [users, library] = own
    ? [own, originInStaging(({ names }) => names.has(name))]
    : [originInStaging(({ names }) => [...user.names].some(known => names.has(known))), originOf(to)];
  const found = users && library && pinBetween(users, library);
  if (!found) return undefined;
  const { owner, pin } = found;
  const unlike = own ? otherPackageOf(to, pin, library) : otherPackageOf(user, owner, users);
  return { ...pin, by: owner.name, unlike };
}

/** Returns the pin of the package that owns a file on the package of a library, if the staging root itself satisfies it. */
function pinBetween(
  user: Origin,
  library: Origin,
): { readonly owner: Package; readonly pin: Pin } | undefined {
  const owner = packageOf(user.view, user.path);
  if (!owner || owner.pins.length === 0) return undefined;
  const pinned = packageOf(library.view, library.path);
  const type = databaseOf(library.view)?.type;
  const pin = owner.pins.find(({ name }) => name === pinned?.name);
  if (!pin || !type || !pinned || !isSameVersion(type, pinned.version, pin.version)) return undefined;
  return { owner, pin };
}

/**
 * Returns what a host has instead of a version of a package; `undefined`: this version, or an identical file, whatever the
 * host records. A host that records nothing, as Flatcar, counts as another version: its libraries come from another
 * distribution, and nothing shows that they have this version and no patches. sqlite3, for one, compares the identifier of
 * the source, which changes with a patch (SQLITE_SOURCE_ID). Bringing the library costs its size, whereas with the host's the
 * program may end at its start.
 */
function otherPackageOf(
  onHost: LoadedObject,
  { name, version }: Pin,
  staged: Origin,
): OtherPackage | undefined {
  const { view, path } = onHost.view.source(onHost.real);
  const found = versionOfOwner(view, path, name);
  const type = databaseOf(staged.view)!.type;
  if (found !== undefined && isSameVersion(type, found, version)) return undefined;
  return isSameFile(view, path, staged) ? undefined : { version: found };
}

function isSameFile(view: View, path: string, staged: Origin): boolean {
  if (view.stat(path).size !== staged.view.stat(staged.path).size) return false;
  const digest = shortDigest(view, path);
  return digest !== undefined && digest === shortDigest(staged.view, staged.path);
}

function isLibc({ facts, real }: LoadedObject): boolean {
  return isLibcPart(facts.dynamic?.soname, real);
}
