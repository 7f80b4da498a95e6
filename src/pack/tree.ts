import { FlixError } from '../errors.ts';
import { releaseNames, releasePath } from '../view/extension-release.ts';
import { follow } from '../view/follow.ts';
import type { View } from '../view/view.ts';

/** systemd merges these and nothing else of a system extension (UAPI.4, Extension Images). */
const HIERARCHIES = new Set(['usr', 'opt']);

/**
 * Refuses a tree of which systemd would leave something out without a word.
 * Throws `FlixError`: `empty-tree`, `foreign-top-level`.
 */
export function checkHierarchies(tree: View): void {
  const top = tree.list('/');
  if (top.size === 0) throw new FlixError('input', 'empty-tree', `${tree.label} holds nothing`);
  const foreign = [...top].filter(([entry, kind]) => !HIERARCHIES.has(entry) || kind !== 'directory');
  if (foreign.length === 0) return;
  const names = foreign.map(([entry]) => entry).sort();
  throw new FlixError(
    'input',
    'foreign-top-level',
    `${tree.label} holds ${names.join(', ')}: systemd merges the directories usr and opt of an extension, nothing else`,
    'move it there, or remove it',
  );
}

/** Refuses a tree without the release file of its name. Throws `FlixError` `no-extension-release`. */
export function checkRelease(tree: View, name: string): void {
  const release = follow(tree, releasePath(name));
  if (release.path !== undefined && release.kind === 'file') return;
  const others = releaseNames(tree);
  throw new FlixError(
    'input',
    'no-extension-release',
    `${tree.label} has no ${releasePath(name).slice(1)}: systemd would ignore the image`,
    others.length > 0
      ? `it has one for ${others.join(', ')}: name the image so (--name), or rename that file`
      : 'write one; ID=_any makes the extension fit every host',
  );
}
