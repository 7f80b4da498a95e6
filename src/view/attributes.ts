/**
 * Extended attributes by real path and by name. Contains only files that have an attribute that matters to an extension
 * (`ATTRIBUTES`). Views do not provide attributes, because Node cannot read them.
 */
export type Attributes = ReadonlyMap<string, ReadonlyMap<string, Buffer>>;

/** On a release file: whether it applies only to an image of the same name. */
export const RELEASE_STRICT = 'user.extension-release.strict';
export const CAPABILITY = 'security.capability';
/** On a directory of an overlayfs layer: hides the directories below it. Mounts by users use `user.overlay.opaque`. */
const OPAQUE = 'trusted.overlay.opaque';

/** The SELinux label. Not in `ATTRIBUTES`, because nearly every file may have one. */
export const LABEL = 'security.selinux';

export const ATTRIBUTES: readonly string[] = [RELEASE_STRICT, CAPABILITY, OPAQUE];

/** Returns the directories that are marked opaque. */
export function opaqueDirectories(attributes: Attributes): Set<string> {
  return new Set(
    [...attributes].flatMap(([path, named]) => (named.get(OPAQUE)?.toString() === 'y' ? [path] : [])),
  );
}
