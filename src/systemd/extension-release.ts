import { type Attributes, RELEASE_STRICT } from '../view/attributes.ts';
import { isFalse } from './boolean.ts';
import { follow } from '../view/follow.ts';
import { join } from '../view/path.ts';
import type { View } from '../view/view.ts';

/** Where systemd looks for the release file of a system extension (extension-release(5)). */
export const RELEASE_DIRECTORY = '/usr/lib/extension-release.d';
const PREFIX = 'extension-release.';

export function releasePath(name: string, directory = RELEASE_DIRECTORY): string {
  return `${directory}/${PREFIX}${name}`;
}

/** The names of the extensions for which a tree has a release file, in C order. */
export function releaseNames(tree: View, directory = RELEASE_DIRECTORY): string[] {
  const real = follow(tree, directory);
  if (real.path === undefined) return [];
  return [...tree.list(real.path).keys()]
    .filter(file => file.startsWith(PREFIX))
    .map(file => file.slice(PREFIX.length))
    .sort();
}

/**
 * Returns the name in the release file that systemd reads for an image: the image's own name or, if there is no such
 * file, that of the only release file whose extended attribute says that any name will do (systemd
 * src/basic/os-util.c, open_extension_release).
 *
 * @param attributes of the tree; `undefined`: unknown, treated as none
 */
export function countedRelease(
  tree: View,
  name: string,
  attributes: Attributes | undefined,
  directory = RELEASE_DIRECTORY,
): string | undefined {
  const names = releaseNames(tree, directory);
  if (names.includes(name)) return name;
  const real = follow(tree, directory).path;
  const counted = names.filter(other => {
    const path = join(real!, PREFIX + other);
    const strict = attributes?.get(path)?.get(RELEASE_STRICT);
    return tree.kind(path) === 'file' && strict !== undefined && isFalse(strict.toString());
  });
  return counted.length === 1 ? counted[0] : undefined;
}
