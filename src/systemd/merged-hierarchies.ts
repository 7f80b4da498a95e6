import { within } from '../view/path.ts';
import type { View } from '../view/view.ts';

/**
 * An extension as the merge sees it; what else its tree holds is not seen on the host (systemd-sysext(8)).
 *
 * @param hierarchies names of top-level directories
 */
export function mergedHierarchies(tree: View, hierarchies: readonly string[]): View {
  const tops = hierarchies.map(name => `/${name}`);
  const isMerged = (path: string) => path === '/' || tops.some(top => within(top, path));
  return {
    label: tree.label,
    versions: tree.versions,
    list: directory => {
      if (directory !== '/') return isMerged(directory) ? tree.list(directory) : new Map();
      return new Map([...tree.list('/')].filter(([name]) => hierarchies.includes(name)));
    },
    kind: path => (isMerged(path) ? tree.kind(path) : undefined),
    readlink: path => tree.readlink(path),
    stat: path => tree.stat(path),
    isMountPoint: directory => tree.isMountPoint(directory),
    open: path => tree.open(path),
    source: path => tree.source(path),
  };
}
