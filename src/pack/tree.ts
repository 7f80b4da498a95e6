import { FlixError } from '../errors.ts';
import { releaseNames, releasePath } from '../systemd/extension-release.ts';
import type { ExtensionRules } from '../systemd/extension-type.ts';
import { follow } from '../view/follow.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { composeRelease, type ReleaseRequest } from './release.ts';
import { type ImageType, rulesOf } from '../systemd/image-type.ts';

/**
 * Refuses a tree of which systemd would leave something out without a word.
 * Throws `FlixError`: `empty-tree`, `foreign-top-level`.
 */
export function checkHierarchies(tree: View, type: ImageType): void {
  const top = tree.list('/');
  if (top.size === 0) throw new FlixError('input', 'empty-tree', `${tree.label} holds nothing`);
  const rules = rulesOf(type);
  if (!rules) return;
  const { hierarchies } = rules;
  const foreign = [...top].filter(([entry, kind]) => !hierarchies.includes(entry) || kind !== 'directory');
  if (foreign.length === 0) return;
  const names = foreign.map(([entry]) => entry).sort();
  const merged =
    hierarchies.length > 1 ? `directories ${hierarchies.join(' and ')}` : `directory ${hierarchies[0]}`;
  throw new FlixError(
    'input',
    'foreign-top-level',
    `${tree.label} holds ${names.join(', ')}: systemd merges the ${merged} of a ${type === 'sysext' ? 'system' : 'configuration'} extension, nothing else`,
    'move it there, or remove it',
  );
}

/** The release file that goes into an image. */
export interface ReleaseFile {
  readonly path: string;
  readonly text: string;
  /** It differs from what the tree holds, or the tree holds none. */
  readonly written: 'kept' | 'changed' | 'new';
}

/**
 * The release file of a tree under a name. Throws `FlixError`: `no-extension-release` where the tree is an extension
 * of another name, and those of `composeRelease`.
 */
export function releaseFile(
  tree: View,
  name: string,
  rules: ExtensionRules,
  request: ReleaseRequest,
  architecture: string | undefined,
): ReleaseFile {
  const path = releasePath(name, rules.releaseDirectory);
  const target = follow(tree, path);
  const present = target.path !== undefined && target.kind === 'file' ? readText(tree, path) : undefined;
  const others = releaseNames(tree, rules.releaseDirectory);
  if (present === undefined && others.length > 0)
    throw new FlixError(
      'input',
      'no-extension-release',
      `${tree.label} has no ${path.slice(1)}: systemd would ignore the image`,
      `it has one for ${others.join(', ')}: name the image so (--name), or rename that file`,
    );
  const text = composeRelease(present, request, rules, architecture);
  return { path, text, written: present === undefined ? 'new' : text === present ? 'kept' : 'changed' };
}
