import { compileGlob } from '../glob.ts';
import { follow } from './follow.ts';
import { join, parent } from './path.ts';
import type { View } from './view.ts';

/**
 * Lists the paths of a root that match a user's pattern, in C order; a path without wildcards stands for itself. Links
 * in the part before the first wildcard are resolved inside the root, links after it are not followed.
 */
export async function expandGlob(view: View, pattern: string): Promise<string[]> {
  const { default: fastGlob } = await import('fast-glob');
  if (!fastGlob.isDynamicPattern(pattern)) return [pattern];
  const start = pattern.lastIndexOf('/', pattern.search(/[*?[{(!]/)) + 1;
  const [fixed, rest] = [pattern.slice(0, start), pattern.slice(start)];
  const base = follow(view, fixed || '/');
  const hostPath = base.path === undefined ? undefined : view.source(base.path).hostPath;
  if (base.path === undefined || hostPath === undefined || /(?:^|[/{,])\.\.(?:[/,}]|$)/.test(rest)) return [];
  const found = await fastGlob(visibleWildcards(rest), {
    cwd: hostPath,
    onlyFiles: false,
    followSymbolicLinks: false,
    dot: true,
  });
  const paths = found.sort().map(path => join(base.path, path));
  // fast-glob looks up the alternatives of a brace as plain paths, which may lead out of the root through links
  return paths.filter(path => follow(view, parent(path)).path === parent(path));
}

/** Writes `?` as a set: fast-glob takes a directory whose only wildcard is `?` for a plain name (its glob-parent does). */
function visibleWildcards(pattern: string): string {
  return pattern.replace(/(?<!\\)\?(?!\()/g, '[!/]');
}

/** Lists the existing paths that match a pattern of flix's own, whose only wildcard `*` stands for any part of one name. */
export function existingPaths(view: View, pattern: string): string[] {
  let places = ['/'];
  for (const part of pattern.split('/').filter(Boolean)) {
    const matches = compileGlob(part);
    places = places.flatMap(place => {
      if (!part.includes('*')) return [join(place, part)];
      const names = [...view.list(follow(view, place).path ?? '').keys()];
      return names.filter(name => matches(name)).map(name => join(place, name));
    });
  }
  return places.filter(place => follow(view, place).path !== undefined);
}
