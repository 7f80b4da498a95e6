import { memoised } from '../view/memo.ts';
import { systemdSince } from './systemd-version.ts';
import { namesIn, unitFiles, unitLinks, unitNamed } from './unit-files.ts';

/** A dependency by which one unit starts another. */
export interface Pull {
  readonly from: string;
  /** `start`: when `from` starts; `uphold`: for as long as `from` is running (systemd 249). */
  readonly how: 'start' | 'uphold';
  readonly to: string;
  /** The link, or the unit file with the setting. */
  readonly path: string;
  readonly isLink: boolean;
}

const KEYS = { Wants: 'start', Requires: 'start', BindsTo: 'start', Upholds: 'uphold' } as const;

/**
 * Whether a dependency starts its unit at any time while the other one is running. systemd reads `Upholds=` from 249
 * on, and links in `TARGET.upholds/` from 254 on.
 *
 * @param version of systemd; `undefined`: unknown, the newest is assumed
 */
export function isUpheld({ how, isLink }: Pull, version: number | undefined): boolean {
  return how === 'uphold' && (!isLink || version === undefined || version >= systemdSince.upholdsLinks);
}

/** The dependencies of all units of a root, between their main names. */
export const pulls = memoised((view): readonly Pull[] => {
  const main = (name: string) => unitNamed(view, name);
  return [
    ...unitLinks(view).map(({ path, from, how, to }) => ({
      from: main(from),
      how: how === 'upholds' ? ('uphold' as const) : ('start' as const),
      to: main(to),
      path,
      isLink: true,
    })),
    ...unitFiles(view).flatMap(unit =>
      Object.entries(KEYS).flatMap(([key, how]) =>
        namesIn(unit, 'Unit', key).map(to => ({
          from: unit.name,
          how,
          to: main(to),
          path: unit.path,
          isLink: false,
        })),
      ),
    ),
  ];
});

/** Units that other units of the root start, including by `OnFailure=`, timers, paths and sockets. */
export const pulledUnits = memoised((view): ReadonlySet<string> => {
  const units = unitFiles(view);
  const names = [
    ...pulls(view, '/').map(({ to }) => to),
    ...units.flatMap(unit => ['OnFailure', 'OnSuccess'].flatMap(key => namesIn(unit, 'Unit', key))),
    ...units.flatMap(unit => ['Timer', 'Path', 'Socket'].flatMap(section => namesIn(unit, section, 'Unit'))),
    ...units.flatMap(({ name }) => {
      const stem = /^(.*)\.(?:timer|path|socket)$/.exec(name)?.[1];
      return stem === undefined ? [] : [`${stem}.service`];
    }),
  ];
  // a template that names its instance pulls in nothing until an instance is started
  return new Set(names.filter(name => !name.includes('%')).map(name => unitNamed(view, name)));
});
