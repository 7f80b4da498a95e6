import { FlixError } from '../errors.ts';
import { compileGlob } from '../glob.ts';
import { follow } from './follow.ts';
import { join } from './path.ts';
import type { View } from './view.ts';
import { walk } from './walk.ts';

const WILDCARD = /[*?]|\[[^[]*\]|\{[^{}]*,/;

/**
 * Lists the paths of a root that match a user's pattern, sorted; a path without wildcards stands for itself. `*`, `?`,
 * `[…]` and `{a,b}` match within one component, `**` matches any number of directories; names that begin with a dot
 * match, too. Links in the part before the first wildcard are resolved inside the root, links after it are not
 * followed. Throws `FlixError` if nothing matches.
 */
export function expandGlob(view: View, pattern: string): string[] {
  const wildcard = pattern.search(WILDCARD);
  if (wildcard < 0) return [pattern];
  const start = pattern.lastIndexOf('/', wildcard) + 1;
  const base = follow(view, pattern.slice(0, start) || '/').path;
  const found = new Set<string>();
  if (base !== undefined)
    for (const alternative of expandBraces(pattern.slice(start)))
      for (const path of below(view, base, alternative.split('/').filter(Boolean))) found.add(path);
  if (found.size > 0) return [...found].sort();
  throw new FlixError(
    'input',
    'no-match',
    `${pattern} matches nothing in ${view.label}`,
    'Quote the pattern, so that the shell does not expand it on this machine.',
  );
}

/** Writes the alternatives of each brace out, the innermost brace first. */
function expandBraces(pattern: string): string[] {
  const brace = /\{([^{}]*,[^{}]*)\}/.exec(pattern);
  if (!brace) return [pattern];
  const [before, after] = [pattern.slice(0, brace.index), pattern.slice(brace.index + brace[0].length)];
  return brace[1]!.split(',').flatMap(alternative => expandBraces(before + alternative + after));
}

function below(view: View, base: string, parts: readonly string[]): Set<string> {
  let found = new Set([base]);
  for (const [index, part] of parts.entries()) {
    const matches = compileGlob(part);
    const isLast = index === parts.length - 1;
    const next = new Set<string>();
    for (const path of found) {
      if (view.kind(path) !== 'directory') continue;
      if (part === '**') {
        if (!isLast) next.add(path);
        for (const { path: inside, kind } of walk(view, path))
          if (isLast || kind === 'directory') next.add(inside);
      } else for (const name of view.list(path).keys()) if (matches(name)) next.add(join(path, name));
    }
    found = next;
  }
  return found;
}
