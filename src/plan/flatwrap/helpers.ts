import { isProgram } from '../../elf/classify.ts';
import { packageOf } from '../../packages/database.ts';
import { follow } from '../../view/follow.ts';
import { objectAt } from '../../view/object.ts';
import { basename } from '../../view/path.ts';
import { headOf, shebang } from '../../view/text.ts';
import type { View } from '../../view/view.ts';
import { walk } from '../../view/walk.ts';
import type { PlanRequest } from '../request.ts';
import { namedTarget, targetOf } from '../target.ts';
import type { Entry } from './wrappers.ts';

/**
 * Programs outside the directories of PATH, which other programs start by their paths, such as those in /usr/libexec. On the
 * host, a wrapper is at each of these paths.
 */

const IN_PATH = /^\/usr\/(?:local\/)?(?:s?bin|games)\/[^/]+$/;

/**
 * Whether other programs may start a file: an ELF program, or an executable script whose name has no suffix, which marks
 * modules of Python.
 */
export function isHelper(view: View, path: string): boolean {
  const { facts } = objectAt(view, path);
  if (facts) return isProgram(facts);
  const isExecutable = (view.stat(path).mode & 0o111) !== 0;
  return isExecutable && !basename(path).includes('.') && shebang(headOf(view, path)) !== undefined;
}

/** Returns the wrapper that starts a helper. */
export function helperAt(view: View, path: string): Entry {
  return { path, real: follow(view, path).path ?? path, target: namedTarget(path) };
}

/**
 * Returns the paths of the programs and scripts below a directory that other programs may start, in PATH or not. Those outside
 * /usr and /opt are left out: the host has no place for their wrappers.
 */
export function startableBelow(view: View, directory: string, skip: (path: string) => boolean): string[] {
  return [...walk(view, directory, skip)].flatMap(({ path }) => {
    if (targetOf(path) === undefined) return [];
    const real = follow(view, path);
    return real.path !== undefined && real.kind === 'file' && isHelper(view, real.path) ? [path] : [];
  });
}

/**
 * Returns the helpers among the staged programs that belong to a package of the request: on a system with these packages,
 * they have the same paths. The server of postgresql-16 names `psql` of postgresql-client-16, for example.
 *
 * @param staged real paths of the programs in the view
 */
export function stagedHelpers(
  view: View,
  packages: PlanRequest['packages'],
  staged: readonly string[],
): readonly Entry[] {
  const owners = new Set((packages?.paths ?? []).map(({ path }) => packageOf(view, path)?.name));
  owners.delete(undefined);
  return staged
    .filter(
      path =>
        targetOf(path) !== undefined &&
        !IN_PATH.test(path) &&
        owners.has(packageOf(view, path)?.name) &&
        isHelper(view, path),
    )
    .map(path => helperAt(view, path));
}
