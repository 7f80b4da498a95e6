import { FlixError } from '../../errors.ts';
import type { Remark } from '../../manifest/manifest.ts';
import { follow } from '../../view/follow.ts';
import { join, parent, within } from '../../view/path.ts';
import { asMerged } from '../../systemd/linked-hierarchies.ts';
import type { View } from '../../view/view.ts';
import type { PlannedFile } from '../plan.ts';
import { defaultPrefix } from '../request.ts';

/**
 * Returns the directories that are links to the same directory of /usr on every host, each with that directory: on Fedora and
 * Arch Linux, `/usr/sbin` is a link to `bin`. Files of the root in such a directory go to the other one in the tree, and both
 * paths lead to them after a merge.
 */
export function movesOn(hosts: readonly View[]): Map<string, string> {
  const moves = new Map<string, string>();
  const [first, ...others] = hosts.map(linkedDirectories);
  for (const [directory, target] of first ?? []) {
    if (others.some(links => links.get(directory) !== target)) continue;
    moves.set(directory, target);
    moves.set(directory.slice('/usr'.length), target); // in a root from before the usr-merge
  }
  return moves;
}

/**
 * Returns the links in /usr that lead to a directory there, with their targets. Other targets do not count: relative links of
 * the moved files would lead elsewhere.
 */
function linkedDirectories(host: View): Map<string, string> {
  const links = new Map<string, string>();
  for (const [name, kind] of host.list('/usr')) {
    if (kind !== 'link') continue;
    const target = follow(host, `/usr/${name}`);
    if (target.path !== undefined && target.kind === 'directory' && parent(target.path) === '/usr')
      links.set(`/usr/${name}`, target.path);
  }
  return links;
}

/** Returns a remark for each directory whose files the tree has in another one. */
export function moveRemarks(moves: ReadonlyMap<string, string>, files: readonly PlannedFile[]): Remark[] {
  return [...moves].flatMap(([directory, target]) => {
    const moved = files.filter(({ content }) => content.kind === 'copy' && within(directory, content.path));
    if (moved.length === 0) return [];
    const message = `on the hosts, ${directory} is a link to ${target}, so ${moved.length === 1 ? 'its file is' : `its ${moved.length} files are`} in ${target}`;
    return [{ code: 'moved-with-host', file: target, message }];
  });
}

/**
 * Refuses files below a link of a host: systemd-sysext (257) would put the directory of the tree in the place of the link, and
 * every file of the host would be gone from there. Throws `FlixError` `over-link`.
 *
 * @param tree whether the files are those of a DESTDIR tree, which keep their paths
 */
export function refuseOverLinks(host: View, files: readonly PlannedFile[], tree: boolean): void {
  for (const [directory, target] of movesOn([host])) {
    const below = files.map(file => file.target).filter(at => at !== directory && within(directory, at));
    const [first, ...others] = below.sort();
    if (first === undefined) continue;
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    const place = target + first.slice(directory.length);
    throw new FlixError(
      'input',
      'over-link',
      `${first}${more} would hide what ${host.label} has in ${target}: there, ${directory} is a link to ${target}, which a directory of the tree would replace`,
      tree
        ? `Install into ${target}, as with “./configure --sbindir=${target}” if the link is /usr/sbin.`
        : `Name another place; both paths lead to it there: ${first}:${place}`,
    );
  }
}

/**
 * Returns the private directory for a name that hides nothing on any of the hosts: on ostree systems, `/usr/local` is a
 * link to a directory outside of /usr, where nothing is merged. `undefined`: the default serves.
 */
export function prefixOn(hosts: readonly View[], name: string): string | undefined {
  const views = hosts.map(asMerged);
  const isFree = (prefix: string) =>
    views.every(view => {
      for (let at = parent(prefix); at !== '/'; at = parent(at))
        if (!['directory', undefined].includes(view.kind(at))) return false;
      return view.kind(prefix) === undefined;
    });
  const candidates = [defaultPrefix(name), join('/usr/lib', name), join('/usr/lib', `flix-${name}`)];
  const free = candidates.find(isFree);
  return free === defaultPrefix(name) ? undefined : free;
}
