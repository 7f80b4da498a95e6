import type { Kind } from './view.ts';

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

/** Whether an attribute of an image's entry matters. Of labels, only those of directories do, which may be the host's, too. */
export function isImageAttribute(name: string, kind: Kind): boolean {
  return ATTRIBUTES.includes(name) || (name === LABEL && kind === 'directory');
}

/** Returns the directories that are marked opaque. */
export function opaqueDirectories(attributes: Attributes): Set<string> {
  return new Set(
    [...attributes].flatMap(([path, named]) => (named.get(OPAQUE)?.toString() === 'y' ? [path] : [])),
  );
}
