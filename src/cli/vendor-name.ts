import { FlixError } from '../errors.ts';
import { isProgram } from '../elf/classify.ts';
import type { PathRequest } from '../plan/gather.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { basename } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

const RELEASES = '/usr/lib/extension-release.d';

/** The name of the extension, and why it is called so. Throws `FlixError` where nothing decides it. */
export function chooseName(
  given: string | undefined,
  root: View,
  tree: boolean,
  paths: readonly PathRequest[],
): { readonly name: string; readonly from: string } {
  if (given !== undefined) return { name: given, from: '--name' };
  const releases = tree ? releaseNames(root) : [];
  if (releases.length === 1) return { name: releases[0]!, from: `${RELEASES} of the tree` };
  const programs = paths.length > 0 ? programsAmong(root, paths) : programsOf(root);
  const names = new Set(programs.map(program => basename(program)));
  if (names.size === 1) return { name: [...names][0]!, from: 'its only entry' };
  const why =
    releases.length > 1
      ? `the tree holds extension-release files of ${releases.join(', ')}`
      : `${programs.length} entries could give it their name`;
  throw new FlixError(
    'input',
    'no-name',
    `the extension has no name: ${why}`,
    'Give it one with --name; it decides /usr/local/NAME and NAME.raw.',
  );
}

/** Resources are named as well; they give no name. */
function programsAmong(root: View, paths: readonly PathRequest[]): string[] {
  return paths
    .filter(({ source }) => isProgramAt(root, follow(root, source).path))
    .map(({ source, target }) => target ?? source);
}

function isProgramAt(view: View, path: string | undefined): boolean {
  const facts = path !== undefined && view.kind(path) === 'file' ? objectAt(view, path).facts : undefined;
  return facts !== undefined && isProgram(facts);
}

function releaseNames(tree: View): string[] {
  const directory = follow(tree, RELEASES);
  if (directory.path === undefined) return [];
  const prefix = 'extension-release.';
  return [...tree.list(directory.path).keys()]
    .filter(name => name.startsWith(prefix))
    .map(name => name.slice(prefix.length));
}

function programsOf(tree: View): string[] {
  return [...walk(tree, '/')].filter(({ path }) => isProgramAt(tree, path)).map(({ path }) => path);
}
