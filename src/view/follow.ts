import { memoised } from './memo.ts';
import { basename, join, parent } from './path.ts';
import type { Kind, View } from './view.ts';

/** The file that a path names after all links are resolved, or why there is none. */
export type Followed =
  | { readonly path: string; readonly kind: Exclude<Kind, 'link'>; readonly links: readonly string[] }
  | {
      readonly path: undefined;
      readonly reason: 'absent' | 'loop' | 'not-a-directory';
      readonly links: readonly string[];
    };

/** The kernel's limit (path_resolution(7)). */
const MAX_LINKS = 40;
/** Longer link texts exist only in damaged profiles and images; the kernel refuses them with ENAMETOOLONG. */
const PATH_MAX = 4096;

/**
 * Resolves every link of `path` inside the view: an absolute link starts again at the root, `..` never leaves the root,
 * and a loop fails as with ELOOP. `links` are the real paths of the links that were followed.
 */
export const follow = memoised((view, path): Followed => {
  const slash = path.lastIndexOf('/');
  if (slash <= 0 || path.length > PATH_MAX) return walk(view, path.split('/').reverse(), atRoot);
  // the directory of many paths is resolved once
  const directory = follow(view, path.slice(0, slash));
  return directory.path === undefined ? directory : walk(view, [path.slice(slash + 1)], directory);
});

type Real = Extract<Followed, { path: string }>;

const atRoot: Real = { path: '/', kind: 'directory', links: [] };

/** @param todo the components that follow `from`, the last one first */
function walk(view: View, todo: string[], from: Real): Followed {
  const links = [...from.links];
  let at = from.path;
  let kind: Kind = from.kind;
  while (todo.length > 0) {
    const part = todo.pop()!;
    // even an empty part, after a trailing slash, requires a directory (path_resolution(7))
    if (kind !== 'directory') return { path: undefined, reason: 'not-a-directory', links };
    if (part === '' || part === '.') continue;
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
      if (target.length > PATH_MAX) return { path: undefined, reason: 'absent', links };
      todo.push(...target.split('/').reverse());
      continue;
    }
    at = next;
    kind = found;
  }
  return { path: at, kind, links };
}

/** Resolves the links in a path except in its last component. */
export function resolveParent(view: View, path: string): string {
  const directory = follow(view, parent(path)).path ?? parent(path);
  return path === '/' ? path : join(directory, basename(path));
}
