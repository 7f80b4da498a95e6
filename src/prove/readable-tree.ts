import { withShadow } from '../io/shadow.ts';
import type { Plan } from '../plan/plan.ts';
import { follow } from '../view/follow.ts';
import { parent } from '../view/path.ts';
import type { View } from '../view/view.ts';

/**
 * Gives `work` a directory in which confined programs can run the loader of a tree on every object: the tree itself, or a
 * temporary one if flix runs as root and the tree keeps one of the files from others. With an emulator, it is always a
 * temporary one.
 */
export async function withReadableTree<T>(
  { directory, tree, loader, expected }: LoaderFiles,
  extra: { readonly at: string; readonly from: string } | undefined,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const closed = process.getuid?.() === 0 ? closedFiles({ tree, loader, expected }) : [];
  if (closed.length === 0 && !extra) return work(directory);
  return withShadow(directory, { readable: new Set(closed), ...(extra && { extra }) }, work);
}

interface LoaderFiles extends Pick<Plan, 'loader' | 'expected'> {
  readonly directory: string;
  readonly tree: View;
}

/** Returns the files that the user of confined programs cannot use: that user executes the loader, which reads the others. */
function closedFiles({ tree, loader, expected }: Omit<LoaderFiles, 'directory'>): string[] {
  if (loader === undefined) return [];
  const read = expected.flatMap(({ object, loads }) => [object, ...loads]);
  const entered = new Map<string, boolean>();
  const mayEnter = (directory: string): boolean => {
    let known = entered.get(directory);
    if (known === undefined)
      entered.set(
        directory,
        (known = grants(tree, directory, 0o001) && (directory === '/' || mayEnter(parent(directory)))),
      );
    return known;
  };
  const closed = (path: string, wanted: number) => {
    const real = follow(tree, path).path;
    return real === undefined || (grants(tree, real, wanted) && mayEnter(parent(real))) ? [] : [real];
  };
  return [...closed(loader, 0o005), ...read.flatMap(path => closed(path, 0o004))];
}

/** Whether users other than the owner and group have these rights. */
function grants(tree: View, path: string, wanted: number): boolean {
  return (tree.stat(path).mode & wanted) === wanted;
}
