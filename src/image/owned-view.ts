import type { View } from '../view/view.ts';
import type { Entry } from './entry.ts';

/** An unpacked image with the owners that it has inside: an ordinary user cannot give files away. */
export function ownedView(unpacked: View, entries: readonly Entry[]): View {
  const owners = new Map(entries.map(({ path, uid, gid }) => [path, { uid, gid }]));
  return {
    label: unpacked.label,
    versions: unpacked.versions,
    list: directory => unpacked.list(directory),
    kind: path => unpacked.kind(path),
    readlink: path => unpacked.readlink(path),
    stat: path => ({ ...unpacked.stat(path), ...owners.get(path) }),
    isMountPoint: directory => unpacked.isMountPoint(directory),
    open: (path, kind) => unpacked.open(path, kind),
    source: path => unpacked.source(path),
  };
}
