import { join } from './path.ts';
import type { Kind, View } from './view.ts';

/**
 * Every entry below a directory, parents first, names in C order. Links are not followed and other file systems not
 * entered (`/proc` of a running machine is one).
 *
 * @param directory real; it is not among the results
 * @param skip directories that are left out, by their real paths
 */
export function* walk(
  view: View,
  directory: string,
  skip: (path: string) => boolean = () => false,
): Generator<{ readonly path: string; readonly kind: Kind }> {
  const { device } = view.stat(directory);
  const todo = [directory];
  while (todo.length > 0) {
    const at = todo.pop()!;
    const below: string[] = [];
    for (const [name, kind] of [...view.list(at)].sort(byName)) {
      const path = join(at, name);
      if (kind === 'directory') {
        if (skip(path) || view.stat(path).device !== device) continue;
        below.push(path);
      }
      yield { path, kind };
    }
    while (below.length > 0) todo.push(below.pop()!);
  }
}

function byName([a]: readonly [string, Kind], [b]: readonly [string, Kind]): number {
  return a < b ? -1 : 1;
}
