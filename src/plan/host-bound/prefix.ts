import { join, parent } from '../../view/path.ts';
import { asMerged } from '../../systemd/linked-hierarchies.ts';
import type { View } from '../../view/view.ts';
import { defaultPrefix } from '../request.ts';

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
