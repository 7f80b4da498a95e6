import { follow } from './follow.ts';
import type { View } from './view.ts';

/** Where systemd looks for the release file of a system extension (extension-release(5)). */
export const RELEASE_DIRECTORY = '/usr/lib/extension-release.d';
const PREFIX = 'extension-release.';

export function releasePath(name: string): string {
  return `${RELEASE_DIRECTORY}/${PREFIX}${name}`;
}

/** The names for which a tree has a release file, in C order. */
export function releaseNames(tree: View): string[] {
  const directory = follow(tree, RELEASE_DIRECTORY);
  if (directory.path === undefined) return [];
  return [...tree.list(directory.path).keys()]
    .filter(file => file.startsWith(PREFIX))
    .map(file => file.slice(PREFIX.length))
    .sort();
}
