import { homedir } from 'node:os';
import { basename as hostBasename, dirname, join as joinHost } from 'node:path';
import { FlixError } from '../errors.ts';
import type { PlannedFile } from '../plan/plan.ts';
import { kindAt, mountPoints, realPlace } from '../view/directory.ts';
import { basename, within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { proofName } from './proof.ts';
import { sameBytes } from '../view/digest.ts';
import { walk } from '../view/walk.ts';

/** What even --force must not replace: directories of a running system (hier(7)), but not what a user puts below them. */
const SYSTEM_DIRECTORIES = [
  /^\/(?:dev|home|media|mnt|opt|root|run|srv|tmp|usr|var)?$/,
  /^\/(?:bin|boot|etc|lib[^/]*|proc|sbin|sys)(?:\/|$)/,
  /^\/(?:dev\/shm|run\/[^/]+|var\/[^/]+|var\/lib\/[^/]+)$/,
  /^\/usr\/(?!local\/|src\/)/,
  /^\/usr\/local\/(?:bin|etc|games|include|lib[^/]*|man|sbin|share|src)$/,
];

/**
 * Refuses an output path that would overwrite a root, one of its parents, the current directory or the user's home:
 * `--force` is meant for earlier results. Throws `FlixError`.
 *
 * @param roots all roots except a DESTDIR tree that is completed in place
 */
export function checkOutput(out: string, roots: readonly View[]): void {
  const place = realPlace(out);
  for (const view of roots) {
    const root = hostRoot(view);
    if (within(place, root))
      throw new FlixError(
        'input',
        'output-is-root',
        `${out} ${place === root ? 'is' : 'contains'} the root ${root} that files are taken from, and would be replaced`,
        'Name another place with --out.',
      );
  }
  for (const [what, kept] of [
    ['the current directory', process.cwd()],
    ['your home', homedir()],
  ] as const)
    if (within(place, realPlace(kept)))
      throw new FlixError(
        'input',
        'output-holds-you',
        `${out} ${place === realPlace(kept) ? 'is' : 'contains'} ${what}, and would be replaced as a whole`,
        'Run flix from another directory, or name another place with --out.',
      );
  if (SYSTEM_DIRECTORIES.some(pattern => pattern.test(place)))
    throw new FlixError(
      'input',
      'output-is-system',
      `${out} is a directory of this system, and would be replaced as a whole`,
      'Name another place with --out.',
    );
  const mounted = [...(mountPoints() ?? [])].find(point => within(place, point));
  if (mounted !== undefined)
    throw new FlixError(
      'io',
      'mount-in-place',
      `${mounted} is a mount point, so ${out} cannot be replaced`,
      'Unmount it, or name another place with --out.',
    );
  const kind = kindAt(out);
  if (kind !== undefined && kind !== 'directory' && kind !== 'link')
    throw new FlixError(
      'input',
      'not-a-directory',
      `${out} exists and is not a directory`,
      'Name another place with --out, or remove it; --force replaces only directories.',
    );
}

/** Refuses an output path that contains files which the tree takes from there. Throws `FlixError`. */
export function checkSources(out: string, files: readonly PlannedFile[]): void {
  const place = realPlace(out);
  for (const { content } of files) {
    if (content.kind !== 'copy') continue;
    const { hostPath } = content.view.source(content.path);
    if (hostPath !== undefined && within(place, hostPath))
      throw new FlixError(
        'input',
        'output-holds-source',
        `${out} contains ${hostPath}, which is copied into the tree, and would be replaced`,
        'Name another place with --out.',
      );
  }
}

/**
 * Tells the paths that nothing is taken from, because the output may lie in a root (`/` is one): the output itself, what
 * is being built beside it, and the proof of an earlier run.
 */
export function skipOutput(roots: readonly View[], out: string, name: string): (path: string) => boolean {
  const places = [realPlace(out), realPlace(joinHost(dirname(out), proofName(name)))];
  const inside = new Set(
    roots.flatMap(view => {
      const root = hostRoot(view);
      return places
        .filter(place => within(root, place))
        .map(place => (root === '/' ? place : place.slice(root.length)));
    }),
  );
  const building = `.${hostBasename(out)}.flix-`;
  return path => inside.has(path) || basename(path).startsWith(building);
}

function hostRoot(view: View): string {
  return view.source('/').hostPath ?? '/';
}

/** Tells whether two trees have the same names, modes, links and bytes. Does not read a file that both trees share. */
export function sameTree(a: View, b: View): boolean {
  const [left, right] = [[...walk(a, '/')], [...walk(b, '/')]];
  return (
    left.length === right.length &&
    left.every((entry, i) => entry.path === right[i]!.path && sameEntry(a, b, entry.path))
  );
}

function sameEntry(a: View, b: View, path: string): boolean {
  const [left, right] = [a.stat(path), b.stat(path)];
  if (left.kind !== right.kind || left.mode !== right.mode) return false;
  if (left.kind === 'link') return a.readlink(path) === b.readlink(path);
  if (left.kind !== 'file' || left.id === right.id) return true;
  return left.size === right.size && sameBytes(a, path, b);
}
