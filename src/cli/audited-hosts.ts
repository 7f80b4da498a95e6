import type { View } from '../view/view.ts';
import { checkHost, type Opened, withHost } from './host-view.ts';

interface Named {
  readonly place: string;
  readonly open: Opened;
}

/** The hosts at several places while `use` looks at them. Labels tell them apart: of equal ones each says its place too. */
export async function withHosts(
  places: readonly string[],
  use: (hosts: readonly View[]) => void | Promise<void>,
): Promise<void> {
  await open(places, [], use);
}

async function open(
  [place, ...others]: readonly string[],
  opened: readonly Named[],
  use: (hosts: readonly View[]) => void | Promise<void>,
): Promise<void> {
  if (place !== undefined)
    return withHost(place, shown => open(others, [...opened, { place, open: shown }], use));
  const hosts = opened.map(host => ({ ...host, view: checkHost(host.open(), host.place) }));
  return use(
    hosts.map(({ place: at, open: show, view }) => {
      const isUnique = hosts.every(other => other.view === view || other.view.label !== view.label);
      return isUnique ? view : show(`${view.label} (${at})`);
    }),
  );
}
