import { FlixError } from '../errors.ts';
import { within } from '../view/path.ts';

/** Top-level directories that are links into /usr on a merged system. */
const MERGED = /^\/(?:bin|sbin|lib[^/]*)(?=\/|$)/;

/** `/bin`, `/sbin`, `/lib…`, or below one of them. */
export function isMergedPlace(path: string): boolean {
  return MERGED.test(path);
}

/** Where a file of a root goes in the tree; `undefined`: it has no place under /usr or /opt. */
export function targetOf(path: string): string | undefined {
  if (MERGED.test(path)) return `/usr${path}`;
  return (within('/usr', path) || within('/opt', path)) && path !== '/usr' && path !== '/opt'
    ? path
    : undefined;
}

/**
 * The same for a path that the user named. Throws `FlixError`.
 * @param source what is to be placed there, for the fix
 */
export function namedTarget(path: string, source = path): string {
  const target = targetOf(path);
  if (target === undefined)
    throw new FlixError(
      'input',
      'target-outside',
      `${path} would lie outside /usr and /opt, and a system extension merges nothing else`,
      `Give it a place: ${source}:/usr/…`,
    );
  return target;
}
