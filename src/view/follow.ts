import { memoised } from './memo.ts';
import { join, parent } from './path.ts';
import type { Kind, View } from './view.ts';

/** Where a path leads after all links, or why it leads nowhere. */
export type Followed =
  | { readonly path: string; readonly kind: Exclude<Kind, 'link'>; readonly links: readonly string[] }
  | {
      readonly path: undefined;
      readonly reason: 'absent' | 'loop' | 'not-a-directory';
      readonly links: readonly string[];
    };

/** The kernel's limit (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * Resolves every link of `path` inside the view: an absolute link starts again at the root, `..` never climbs
 * out of it, and a loop ends as ELOOP. `links` are the links that were passed, by their real paths.
 */
export const follow = memoised(walk);

function walk(view: View, path: string): Followed {
  const todo = path.split('/').reverse();
  const links: string[] = [];
  let at = '/';
  let kind: Kind = 'directory';
  while (todo.length > 0) {
    const part = todo.pop()!;
    if (part === '' || part === '.') continue;
    if (kind !== 'directory') return { path: undefined, reason: 'not-a-directory', links };
    if (part === '..') {
      at = parent(at);
      continue;
    }
    const next = join(at, part);
    const found = view.kind(next);
    if (found === undefined) return { path: undefined, reason: 'absent', links };
    if (found === 'link') {
      if (links.length === MAX_LINKS) return { path: undefined, reason: 'loop', links };
      links.push(next);
      const target = view.readlink(next);
      if (target.startsWith('/')) at = '/';
      todo.push(...target.split('/').reverse());
      continue;
    }
    at = next;
    kind = found;
  }
  return { path: at, kind, links };
}
