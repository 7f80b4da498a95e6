import type { Stat, View } from './view.ts';

type Owner = Pick<Stat, 'uid' | 'gid'>;

/** Shows files with different owners. @param ownerOf returns `undefined` to keep the owner */
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

/**
 * Shows files of a user as files of root: an unprivileged user can write only files of his own, and packing gives them to
 * root. The record of a staged root tells the owners itself.
 */
export function ownAsRoot(view: View, user: number): View {
  return user === 0 || view.staged !== undefined
    ? view
    : withOwners(view, (_, { uid }) => (uid === user ? { uid: 0, gid: 0 } : undefined));
}
