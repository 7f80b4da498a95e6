import { isLibcPart } from '../../libc/libc.ts';
import { databaseOf, packageOf, versionOfOwner } from '../../packages/database.ts';
import type { Package, Pin } from '../../packages/package.ts';
import { isSameVersion } from '../../packages/version-order.ts';
import type { Closure, Edge, LoadedObject } from '../../resolve/closure.ts';
import { shortDigest } from '../../view/digest.ts';
import type { FileSource, View } from '../../view/view.ts';

/** A file of a staging root. */
export type Origin = Pick<FileSource, 'view' | 'path'>;

/** A library whose package that of its user pins: it depends on exactly one version of it. */
export interface PinnedEdge extends Pin {
  /** The package that pins it. */
  readonly by: string;
  /** What a host has instead; `undefined`: the host satisfies the pin. */
  readonly unlike: Unlike | undefined;
}

/** `version`: of the package on the host; `undefined`: the host records no such package for its file. */
interface Unlike {
  readonly version: string | undefined;
}

/**
 * Returns the pin between an object and a library that it loads, one of which is the host's. Packages of one source that
 * exchange private data, or compare their releases at start, pin each other; no symbol shows this. The C library is always
 * the host's. Data and programs of pinned packages are not examined, because no loader mixes them.
 *
 * @param staged what the file of the tree loads in its own root
 * @param originOf returns where a file of the tree comes from
 */
export function pinnedEdge(
  user: LoadedObject,
  { name, to }: Edge,
  staged: Closure,
  originOf: (object: LoadedObject) => Origin | undefined,
): PinnedEdge | undefined {
  if (!to || isLibc(to) || isLibc(user)) return undefined;
  const stagedAs = (isCalled: (object: LoadedObject) => boolean) => {
    const object = staged.objects.find(isCalled);
    return object && object.view.source(object.real);
  };
  const own = originOf(user);
  const [one, other] = own
    ? [own, stagedAs(({ names }) => names.has(name))]
    : [stagedAs(({ names }) => [...user.names].some(known => names.has(known))), originOf(to)];
  const pin = one && other && pinBetween(one, other);
  if (!pin) return undefined;
  const { owner, ...pinned } = pin;
  return { ...pinned, by: owner.name, unlike: own ? unlikeOn(to, pin, other) : unlikeOn(user, owner, one) };
}

/** Returns the pin of the package of one file on that of another, if the staging root itself satisfies it. */
function pinBetween(one: Origin, other: Origin): (Pin & { readonly owner: Package }) | undefined {
  const owner = packageOf(one.view, one.path);
  if (!owner || owner.pins.length === 0) return undefined;
  const pinned = packageOf(other.view, other.path);
  const type = databaseOf(other.view)?.type;
  const pin = owner.pins.find(({ name }) => name === pinned?.name);
  if (!pin || !type || !pinned || !isSameVersion(type, pinned.version, pin.version)) return undefined;
  return { ...pin, owner };
}

/** Returns what a host has instead of a version of a package; the same file is of the same version, whatever was recorded. */
function unlikeOn(onHost: LoadedObject, { name, version }: Pin, staged: Origin): Unlike | undefined {
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
