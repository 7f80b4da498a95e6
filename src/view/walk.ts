import { join } from './path.ts';
import type { Kind, View } from './view.ts';

/**
 * Yields every entry below a directory, parents first, in the order of the view's listings. Does not follow links or enter
 * other file systems (such as `/proc` of a running machine).
 *
 * @param directory real; not yielded itself
 * @param skip returns whether to leave out an entry, given its real path
 */
export function* walk(
  view: View,
  directory: string,
  skip: (path: string) => boolean = () => false,
): Generator<{ readonly path: string; readonly kind: Kind }> {
  const todo = [directory];
  while (todo.length > 0) {
    const at = todo.pop()!;
    const below: string[] = [];
    for (const [name, kind] of view.list(at)) {
      const path = join(at, name);
      if (skip(path)) continue;
      if (kind === 'directory') {
        if (view.isMountPoint(path)) continue;
        below.push(path);
      }
      yield { path, kind };
    }
    while (below.length > 0) todo.push(below.pop()!);
  }
}
