import { fileCapabilities } from '../io/capabilities.ts';
import { printable } from '../printable.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/** What is to be said of programs of a tree whose file capabilities do not go into the image. */
export async function droppedCapabilities(tree: View): Promise<string[]> {
  const paths = new Map<string, string>();
  for (const { path, kind } of walk(tree, '/')) {
    const { hostPath } = tree.source(path);
    if (kind === 'file' && hostPath !== undefined && (tree.stat(path).mode & 0o111) !== 0)
      paths.set(hostPath, path);
  }
  const found = await fileCapabilities([...paths.keys()]);
  return [...found].map(
    ([hostPath, capabilities]) =>
      `${printable(paths.get(hostPath)!)}: its capabilities (${capabilities}) are left out; a unit can grant them with AmbientCapabilities=`,
  );
}
