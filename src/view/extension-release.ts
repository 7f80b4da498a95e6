import { follow } from './follow.ts';
import type { View } from './view.ts';

/** Where systemd looks for the release file of a system extension (extension-release(5)); other kinds have another place. */
export const RELEASE_DIRECTORY = '/usr/lib/extension-release.d';
const PREFIX = 'extension-release.';

export function releasePath(name: string, directory = RELEASE_DIRECTORY): string {
  return `${directory}/${PREFIX}${name}`;
}

/** The names for which a tree has a release file, in C order. */
export function releaseNames(tree: View, directory = RELEASE_DIRECTORY): string[] {
  const real = follow(tree, directory);
  if (real.path === undefined) return [];
  return [...tree.list(real.path).keys()]
    .filter(file => file.startsWith(PREFIX))
    .map(file => file.slice(PREFIX.length))
    .sort();
}
