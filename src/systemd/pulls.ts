import { memoised } from '../view/memo.ts';
import { systemdSince } from './systemd-version.ts';
import { namesIn, unitFiles, unitLinks } from './unit-files.ts';

/** By this a unit brings another one. */
export interface Pull {
  readonly from: string;
  /** `start`: when it is itself started; `uphold`: for as long as it runs (systemd 249). */
  readonly how: 'start' | 'uphold';
  readonly to: string;
  /** Of the link, or of the file that says it. */
  readonly path: string;
  readonly isLink: boolean;
}

const KEYS = { Wants: 'start', Requires: 'start', BindsTo: 'start', Upholds: 'uphold' } as const;

/**
 * Whether a pull starts its unit at any time while the other one runs: systemd reads `Upholds=` from 249 on, and links
 * in `TARGET.upholds/` from 254 on.
 *
 * @param version of systemd; `undefined`: unknown, taken for the newest
 */
export function isUpheld({ how, isLink }: Pull, version: number | undefined): boolean {
  return how === 'uphold' && (!isLink || version === undefined || version >= systemdSince.upholdsLinks);
}

/** All of a root's units. */
export const pulls = memoised((view): readonly Pull[] => [
  ...unitLinks(view).map(({ path, from, how, to }) => ({
    from,
    how: how === 'upholds' ? ('uphold' as const) : ('start' as const),
    to,
    path,
    isLink: true,
  })),
  ...unitFiles(view).flatMap(unit =>
    Object.entries(KEYS).flatMap(([key, how]) =>
      namesIn(unit, 'Unit', key).map(to => ({ from: unit.name, how, to, path: unit.path, isLink: false })),
    ),
  ),
]);

/** Units that others of the same root start: also on failure, by a timer, a path or a socket. */
export const pulledUnits = memoised((view): ReadonlySet<string> => {
  const units = unitFiles(view);
  return new Set([
    ...pulls(view, '/').map(({ to }) => to),
    ...units.flatMap(unit => ['OnFailure', 'OnSuccess'].flatMap(key => namesIn(unit, 'Unit', key))),
    ...units.flatMap(unit => ['Timer', 'Path', 'Socket'].flatMap(section => namesIn(unit, section, 'Unit'))),
    ...units.flatMap(({ name }) => {
      const stem = /^(.*)\.(?:timer|path|socket)$/.exec(name)?.[1];
      return stem === undefined ? [] : [`${stem}.service`];
    }),
  ]);
});
