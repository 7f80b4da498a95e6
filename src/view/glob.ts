import { FlixError } from '../errors.ts';
import { follow } from './follow.ts';
import { join, parent } from './path.ts';
import type { View } from './view.ts';

/**
 * The paths of a root that match a user's pattern, in C order; a path without wildcards is itself. The part before
 * the first wildcard is resolved inside the root, and links below it are not followed. Throws `FlixError`: no match.
 */
export async function expandGlob(view: View, pattern: string): Promise<string[]> {
  const { default: fastGlob } = await import('fast-glob');
  if (!fastGlob.isDynamicPattern(pattern)) return [pattern];
  const parts = pattern.split('/').filter(Boolean);
  const first = parts.findIndex(part => fastGlob.isDynamicPattern(part));
  const base = follow(view, `/${parts.slice(0, first).join('/')}`);
  const rest = parts.slice(first);
  const hostPath = base.path === undefined ? undefined : view.source(base.path).hostPath;
  if (base.path === undefined || hostPath === undefined || rest.includes('..')) throw noMatch(view, pattern);
  const found = await fastGlob(rest.map(visibleWildcards).join('/'), {
    cwd: hostPath,
    onlyFiles: false,
    followSymbolicLinks: false,
    dot: true,
  });
  const paths = found.sort().map(path => join(base.path, path));
  // the alternatives of a brace are looked up as they stand, through links that lead out of the root
  const inside = paths.filter(path => follow(view, parent(path)).path === parent(path));
  if (inside.length === 0) throw noMatch(view, pattern);
  return inside;
}

/** fast-glob takes a directory with no wildcard but `?` for a plain name (its glob-parent does). */
function visibleWildcards(part: string): string {
  return part.replace(/(?<!\\)\?(?!\()/g, '[!/]');
}

function noMatch(view: View, pattern: string): FlixError {
  return new FlixError(
    'input',
    'no-match',
    `${pattern} matches nothing in ${view.label}`,
    'Quote the pattern, so that the shell does not expand it on this machine.',
  );
}
