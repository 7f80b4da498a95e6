import type { View } from '../view/view.ts';

/** What systemd-sysext merges (systemd-sysext(8)); anything else in an extension is not seen on the host. */
const HIERARCHIES = new Set(['usr', 'opt']);

/** An extension as the merge sees it: `/usr` and `/opt` of its tree. */
export function mergedHierarchies(tree: View): View {
  return {
    label: tree.label,
    versions: tree.versions,
    list: directory => {
      if (directory !== '/') return isMerged(directory) ? tree.list(directory) : new Map();
      return new Map([...tree.list('/')].filter(([name]) => HIERARCHIES.has(name)));
    },
    kind: path => (isMerged(path) ? tree.kind(path) : undefined),
    readlink: path => tree.readlink(path),
    stat: path => tree.stat(path),
    isMountPoint: directory => tree.isMountPoint(directory),
    open: path => tree.open(path),
    source: path => tree.source(path),
  };
}

function isMerged(path: string): boolean {
  return path === '/' || HIERARCHIES.has(path.split('/', 2)[1]!);
}
