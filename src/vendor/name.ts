import { FlixError } from '../errors.ts';
import { withoutForeign } from '../plan/foreign.ts';
import { defaultPrefix, type PathRequest } from '../plan/request.ts';
import { RELEASE_DIRECTORY, releaseNames } from '../systemd/extension-release.ts';
import { isScript } from '../needs/scripts.ts';
import { follow } from '../view/follow.ts';
import { basename } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { isProgramAt } from '../view/object.ts';

/** Chooses the name of the extension and says where it comes from. Throws `FlixError` `no-name`. */
export function chooseName(
  given: string | undefined,
  root: View,
  tree: boolean,
  paths: readonly PathRequest[],
  { views, skip }: { readonly views: readonly View[]; readonly skip: (path: string) => boolean } = noStaging,
): { readonly name: string; readonly from: string } {
  if (given !== undefined) return { name: given, from: '--name' };
  const releases = tree ? releaseNames(root) : [];
  if (releases.length === 1) return { name: releases[0]!, from: `${RELEASE_DIRECTORY} of the tree` };
  const programs = paths.length > 0 ? programsAmong(root, paths) : programsOf(root, views, skip);
  const names = new Set(programs.map(program => basename(program)));
  if (names.size === 1) return { name: [...names][0]!, from: 'its only entry' };
  const why =
    releases.length > 1
      ? `the tree contains extension-release files of ${releases.join(', ')}`
      : `${programs.length} entries could give it a name`;
  throw new FlixError(
    'input',
    'no-name',
    `the extension has no name: ${why}`,
    `Choose one with --name; it determines ${defaultPrefix('NAME')} and NAME.raw.`,
  );
}

const noStaging = { views: [], skip: () => false };

/** Returns the named paths that lead to programs; if there are none, those that lead to scripts. Other files give no name. */
function programsAmong(root: View, paths: readonly PathRequest[]): string[] {
  const programs = paths.filter(({ source }) => leadsTo(root, source, isProgramAt));
  const named =
    programs.length > 0 ? programs : paths.filter(({ source }) => leadsTo(root, source, isScript));
  return named.map(({ source, target }) => target ?? source);
}

function leadsTo(view: View, path: string, is: (view: View, real: string) => boolean): boolean {
  const target = follow(view, path);
  return target.path !== undefined && target.kind === 'file' && is(view, target.path);
}

function programsOf(tree: View, views: readonly View[], skip: (path: string) => boolean): string[] {
  const placed = [...walk(tree, '/', skip)]
    .filter(({ path, kind }) => kind === 'file' && isProgramAt(tree, path))
    .map(({ path }) => ({ role: 'entry', path, target: path }) as const);
  return withoutForeign(placed, () => tree, views).own.map(({ path }) => path);
}
