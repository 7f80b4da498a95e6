import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { basename } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { ExtensionRules } from './extension-type.ts';
import { restartedTargets } from './merge-service.ts';
import { isUpheld, pulls } from './pulls.ts';
import { systemdVersion } from './systemd-version.ts';
import { maskOf, unitFiles } from './unit-files.ts';

/** Which units start when a host boots and merges its extensions on the way. */
export interface BootStart {
  /**
   * Whether the boot transaction, which is computed before the merge, starts a unit. Without a host: whether the unit
   * is a target that no extension brings.
   */
  readonly boots: (unit: string) => boolean;
  /** Units that start once the extensions are merged and systemd has read their units. */
  readonly late: ReadonlySet<string>;
}

/**
 * systemd computes the boot transaction once, from the default target (bootup(7)). Later it starts only what a running
 * unit upholds, and whatever that unit wants in turn.
 *
 * @param merged the extensions laid over the host
 * @param host as it is before the merge
 */
export function bootStart(
  merged: View,
  host: View | undefined,
  extensions: readonly { readonly view: View; readonly rules: Pick<ExtensionRules, 'service'> }[],
): BootStart {
  const booted = host && bootedUnits(host, '/');
  const brought = new Set(extensions.flatMap(({ view }) => unitFiles(view).map(({ name }) => name)));
  const boots = (unit: string) =>
    booted?.has(unit) ?? (unit.endsWith('.target') && !isDefined(brought, unit));
  const services = new Set(extensions.map(({ rules }) => rules.service));
  const restarted = host ? restartedTargets(host, services) : new Set();
  const version = host && systemdVersion(host);
  const seeds = pulls(merged, '/').filter(
    pull => (isUpheld(pull, version) && boots(pull.from)) || restarted.has(pull.from),
  );
  const first = seeds.map(({ to }) => to);
  return { boots, late: startedWith(merged, first, boots) };
}

const bootedUnits = memoised((host): ReadonlySet<string> | undefined => {
  const places = ['/etc/systemd/system', '/usr/lib/systemd/system'];
  const found = places.map(place => follow(host, `${place}/default.target`).path).find(path => path);
  return found === undefined ? undefined : startedWith(host, [basename(found)]);
});

/**
 * The given units and everything they pull in when they start. A unit that is already running pulls in nothing:
 * systemd drops its job from the transaction, and with it the jobs that only this unit wants (src/core/transaction.c).
 */
function startedWith(
  view: View,
  seeds: readonly string[],
  isRunning: (unit: string) => boolean = () => false,
): ReadonlySet<string> {
  const names = startable(view, '/');
  const pulledBy = new Map<string, string[]>();
  for (const { from, to } of pulls(view, '/'))
    (pulledBy.get(from) ?? pulledBy.set(from, []).get(from)!).push(to);
  const started = new Set<string>();
  const todo = [...seeds];
  while (todo.length > 0) {
    const unit = todo.pop()!;
    if (started.has(unit) || isRunning(unit) || !isDefined(names, unit)) continue;
    started.add(unit);
    todo.push(...(pulledBy.get(unit) ?? []));
  }
  return started;
}

/** Returns the names of the units that have a file and are not masked. */
const startable = memoised(
  (view): ReadonlySet<string> =>
    new Set(
      unitFiles(view).flatMap(({ name, isDropIn }) =>
        isDropIn || maskOf(view, name) !== undefined ? [] : [name],
      ),
    ),
);

/** Whether a unit has a file, under its own name or as an instance of a template. */
function isDefined(names: ReadonlySet<string>, unit: string): boolean {
  return names.has(unit) || names.has(unit.replace(/@.+\./, '@.'));
}
