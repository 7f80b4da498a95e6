import type { Remark } from '../manifest/manifest.ts';
import type { Closure } from '../resolve/closure.ts';
import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { basename, join, parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { Placed } from './gathering.ts';
import type { Excluded } from './request.ts';

/**
 * Finds libraries that programs need, that no search reaches, and that lie in the tree all the same: a script, or the
 * program itself before it is executed again, sets LD_LIBRARY_PATH to their directory. The seal closes that way, so that
 * the private directory has to serve them. A name that several files of the tree have is left out.
 *
 * @returns the directories of these libraries in the root, and a remark on each library
 */
export function servedByTree(
  placed: readonly Placed[],
  resolve: (file: Placed) => Closure,
  excluded: Excluded,
): { readonly directories: string[]; readonly remarks: Remark[] } {
  const remarks = new Map<string, Remark>();
  const directories = new Set<string>();
  for (const program of placed) {
    if (program.role === 'object') continue;
    const closure = resolve(program);
    for (const { name, tag } of closure.missing) {
      if (tag === 'preload' || name.includes('/') || excluded(name) !== undefined || remarks.has(name))
        continue;
      const found = placed.filter(file => file.role === 'object' && isCalled(file, name, closure));
      const [library] = found;
      if (found.length !== 1 || !library) continue;
      directories.add(parent(library.path));
      remarks.set(name, {
        code: 'library-served',
        file: program.target,
        message: `the loader does not search for ${name} in ${parent(library.target)}, where the tree has it: the private directory provides it`,
      });
    }
  }
  return { directories: [...directories], remarks: [...remarks.values()] };
}

/** Whether the directory of a file has it under a name, of its own or of a link. */
function isCalled({ path }: Placed, name: string, { entry: { view } }: Closure): boolean {
  return follow(view, join(parent(path), name)).path === path;
}

/** Where packages put libraries that only their own programs search for. */
const PLACES = ['/usr/lib', '/usr/lib32', '/usr/lib64', '/usr/libexec', '/usr/local', '/usr/share', '/opt'];

/** Returns a directory of a root that has a file of this name, for a message; `undefined`: no usual directory has. */
export function directoryWith(view: View, name: string): string | undefined {
  return libraryDirectories(view, '/').get(name);
}

const libraryDirectories = memoised((view): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const place of PLACES) {
    const real = follow(view, place);
    if (real.path === undefined || real.kind !== 'directory') continue;
    for (const { path, kind } of walk(view, real.path)) {
      const name = basename(path);
      if (kind !== 'directory' && name.includes('.so') && !found.has(name)) found.set(name, parent(path));
    }
  }
  return found;
});
