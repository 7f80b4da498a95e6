/**
 * Extended attributes by real path and by name, of those files of a tree that have any which tells something of an
 * extension (`ATTRIBUTES`). No view gives them: Node reads none.
 */
export type Attributes = ReadonlyMap<string, ReadonlyMap<string, Buffer>>;

/** On a release file: whether it counts for an image of its own name only. */
export const RELEASE_STRICT = 'user.extension-release.strict';
export const CAPABILITY = 'security.capability';
/** On a directory: as a layer of an overlayfs it hides what is below. `user.overlay.opaque` is for mounts of users. */
const OPAQUE = 'trusted.overlay.opaque';

/** Of SELinux. So many files bear it that it is not among the others. */
export const LABEL = 'security.selinux';

export const ATTRIBUTES: readonly string[] = [RELEASE_STRICT, CAPABILITY, OPAQUE];

/** The directories that are marked so. */
export function opaqueDirectories(attributes: Attributes): Set<string> {
  return new Set(
    [...attributes].flatMap(([path, named]) => (named.get(OPAQUE)?.toString() === 'y' ? [path] : [])),
  );
}
