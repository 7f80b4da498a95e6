import { FlixError } from '../errors.ts';
import { parent, within } from '../view/path.ts';

/** Top-level directories that are links into /usr on a usr-merged system. */
const MERGED = /^\/(?:bin|sbin|lib[^/]*)(?=\/|$)/;

/** Whether a path is `/bin`, `/sbin` or `/lib…`, or lies below one of them. */
export function isMergedPlace(path: string): boolean {
  return MERGED.test(path);
}

/** Returns where a file of a root goes in the tree; `undefined`: it has no place below /usr or /opt. */
export function targetOf(path: string): string | undefined {
  if (MERGED.test(path)) return `/usr${path}`;
  return (within('/usr', path) || within('/opt', path)) && path !== '/usr' && path !== '/opt'
    ? path
    : undefined;
}

/**
 * Returns the same for a path that the user named. Throws `FlixError` if it has no place.
 * @param source the file to be placed there, for the fix
 */
export function namedTarget(path: string, source = path): string {
  const target = targetOf(path);
  if (target === undefined)
    throw new FlixError(
      'input',
      'target-outside',
      `${path} would lie outside /usr and /opt, the only directories that a system extension merges`,
      `Give it a place: ${source}:/usr/…`,
    );
  return target;
}

/** Paths of a root that have a place of their own in the tree, with everything below them. */
export type Moves = ReadonlyMap<string, string>;

/** Returns the place of a moved path, or of one below it; `undefined`: it is not moved. */
export function movedTarget(moves: Moves, path: string): string | undefined {
  if (moves.size === 0) return undefined;
  for (let at = path; at !== '/'; at = parent(at)) {
    const target = moves.get(at);
    if (target !== undefined) return target + path.slice(at.length);
  }
  return undefined;
}
