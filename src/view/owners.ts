import type { Stat, View } from './view.ts';

type Owner = Pick<Stat, 'uid' | 'gid'>;

/** A view in which files belong to others than on this machine. @param ownerOf `undefined`: as they are */
export function withOwners(view: View, ownerOf: (path: string, stat: Stat) => Owner | undefined): View {
  return {
    label: view.label,
    versions: view.versions,
    list: directory => view.list(directory),
    kind: path => view.kind(path),
    readlink: path => view.readlink(path),
    stat: path => {
      const stat = view.stat(path);
      return { ...stat, ...ownerOf(path, stat) };
    },
    isMountPoint: directory => view.isMountPoint(directory),
    open: (path, kind) => view.open(path, kind),
    source: path => view.source(path),
  };
}

/** What a user has written can only belong to that user, and belongs to root once it is packed. */
export function ownAsRoot(view: View, user: number): View {
  return user === 0
    ? view
    : withOwners(view, (_, { uid }) => (uid === user ? { uid: 0, gid: 0 } : undefined));
}
