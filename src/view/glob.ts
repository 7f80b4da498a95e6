import { FlixError } from '../errors.ts';
import { follow } from './follow.ts';
import { join, parent } from './path.ts';
import type { View } from './view.ts';

/**
 * Lists the paths of a root that match a user's pattern, in C order; a path without wildcards stands for itself. Links
 * in the part before the first wildcard are resolved inside the root, links after it are not followed. Throws
 * `FlixError` if nothing matches.
 */
export async function expandGlob(view: View, pattern: string): Promise<string[]> {
  const { default: fastGlob } = await import('fast-glob');
  if (!fastGlob.isDynamicPattern(pattern)) return [pattern];
  const start = pattern.lastIndexOf('/', pattern.search(/[*?[{(!]/)) + 1;
  const [fixed, rest] = [pattern.slice(0, start), pattern.slice(start)];
  const base = follow(view, fixed || '/');
  const hostPath = base.path === undefined ? undefined : view.source(base.path).hostPath;
  if (base.path === undefined || hostPath === undefined || /(?:^|[/{,])\.\.(?:[/,}]|$)/.test(rest))
    throw noMatch(view, pattern);
  const found = await fastGlob(visibleWildcards(rest), {
    cwd: hostPath,
    onlyFiles: false,
    followSymbolicLinks: false,
    dot: true,
  });
  const paths = found.sort().map(path => join(base.path, path));
  // fast-glob looks up the alternatives of a brace as plain paths, which may lead out of the root through links
  const inside = paths.filter(path => follow(view, parent(path)).path === parent(path));
  if (inside.length === 0) throw noMatch(view, pattern);
  return inside;
}

/** Writes `?` as a set: fast-glob takes a directory whose only wildcard is `?` for a plain name (its glob-parent does). */
function visibleWildcards(pattern: string): string {
  return pattern.replace(/(?<!\\)\?(?!\()/g, '[!/]');
}

function noMatch(view: View, pattern: string): FlixError {
  return new FlixError(
    'input',
    'no-match',
    `${pattern} matches nothing in ${view.label}`,
    'Quote the pattern, so that the shell does not expand it on this machine.',
  );
}
