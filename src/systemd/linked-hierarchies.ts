import { follow } from '../view/follow.ts';
import { hierarchies } from '../view/host-directories.ts';
import { join, within } from '../view/path.ts';
import type { Kind, View } from '../view/view.ts';

/** A top hierarchy that is a link, such as `/opt` to `/var/opt` on ostree systems. */
interface LinkedHierarchy {
  readonly top: string;
  /** The real path of its directory; `undefined` if there is none, so that systemd makes an empty one. */
  readonly target: string | undefined;
}

const TOPS = Object.values(hierarchies)
  .flat()
  .map(name => `/${name}`);

const known = new WeakMap<View, View>();

/**
 * Shows a host as systemd merges it. systemd follows links of top hierarchies (src/sysext/sysext.c, merge_hierarchy;
 * measured with 252 and 257) and merges at their targets, so that both paths show the merged files; it makes a target that
 * does not exist. Therefore the
 * directory is shown at the path of the link, and a link is shown at the path of the directory.
 */
export function asMerged(host: View): View {
  let view = known.get(host);
  if (!view) known.set(host, (view = exchanged(host, linkedIn(host))));
  return view;
}

function linkedIn(host: View): LinkedHierarchy[] {
  return TOPS.flatMap((top): LinkedHierarchy[] => {
    if (host.kind(top) !== 'link') return [];
    const found = follow(host, top);
    if (found.path === undefined) return found.reason === 'absent' ? [{ top, target: undefined }] : [];
    return found.kind === 'directory' && found.path !== '/' ? [{ top, target: found.path }] : [];
  });
}

function exchanged(host: View, links: readonly LinkedHierarchy[]): View {
  if (links.length === 0) return host;
  const linkTo = (path: string) => links.find(({ target }) => target === path);
  const isHidden = (path: string) =>
    links.some(({ target }) => target !== undefined && path !== target && within(target, path));
  const isTop = (path: string) => links.some(({ top }) => top === path);
  /** Where the host has the path; `undefined` below a link that leads nowhere. */
  const placeOf = (path: string): string | undefined => {
    const link = links.find(({ top }) => within(top, path));
    if (!link) return path;
    return link.target === undefined ? undefined : link.target + path.slice(link.top.length);
  };
  const kindAt = (path: string): Kind | undefined => {
    if (linkTo(path)) return 'link';
    if (isTop(path)) return 'directory';
    const place = placeOf(path);
    return place === undefined || isHidden(path) ? undefined : host.kind(place);
  };
  return {
    label: host.label,
    versions: host.versions,
    list: directory => {
      const place = placeOf(directory);
      if (place === undefined || isHidden(directory) || linkTo(directory)) return new Map();
      const names = [...host.list(place).keys()];
      return new Map(names.map(name => [name, kindAt(join(directory, name))!]));
    },
    kind: kindAt,
    readlink: path => linkTo(path)?.top ?? host.readlink(placeOf(path) ?? path),
    // systemd makes a missing target as it makes any directory
    stat: path => ({ ...host.stat(placeOf(path) ?? '/'), kind: kindAt(path)! }),
    isMountPoint: directory => host.isMountPoint(placeOf(directory) ?? directory),
    open: (path, kind) => host.open(placeOf(path) ?? path, kind),
    source: path => host.source(placeOf(path) ?? path),
  };
}
