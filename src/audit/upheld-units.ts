import type { Extension } from './extension.ts';
import type { Merge } from './merge.ts';
import { namesIn, unitFiles, unitLinks } from './unit-files.ts';

/** Units that are started whenever what upholds them runs, also if they become known after it was started (systemd 249). */
export function upheldUnits({ view }: Pick<Merge, 'view'>): ReadonlySet<string> {
  const links = unitLinks(view).filter(({ how }) => how === 'upholds');
  return new Set([
    ...links.map(({ to }) => to),
    ...unitFiles(view).flatMap(unit => namesIn(unit, 'Unit', 'Upholds')),
  ]);
}

const PULLS = ['Wants', 'Requires', 'Requisite', 'BindsTo', 'OnFailure', 'OnSuccess'];

/** Units that others of the same extension start: by a dependency, a timer, a path or a socket of the same name. */
export function pulledUnits({ view }: Extension): ReadonlySet<string> {
  const units = unitFiles(view);
  return new Set([
    ...unitLinks(view).map(({ to }) => to),
    ...units.flatMap(unit => PULLS.flatMap(key => namesIn(unit, 'Unit', key))),
    ...units.flatMap(unit => ['Timer', 'Path', 'Socket'].flatMap(section => namesIn(unit, section, 'Unit'))),
    ...units.flatMap(({ name }) => {
      const stem = /^(.*)\.(?:timer|path|socket)$/.exec(name)?.[1];
      return stem === undefined ? [] : [`${stem}.service`];
    }),
  ]);
}
