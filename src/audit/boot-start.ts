import { follow } from '../view/follow.ts';
import { basename } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { restartedUnits } from './manager-reload.ts';
import type { Merge } from './merge.ts';
import { type Pull, pulls } from '../systemd/pulls.ts';
import { systemdVersion } from '../systemd/systemd-version.ts';
import { unitFiles } from '../systemd/unit-files.ts';

/** What starts when a host boots and merges its extensions on the way. */
export interface BootStart {
  /** Whether the host starts it at boot, before anything is merged; without a host: any target that no extension brings. */
  readonly boots: (unit: string) => boolean;
  /** Starts once the extensions are merged and known. */
  readonly late: ReadonlySet<string>;
}

/**
 * systemd plans a boot once, from the default target (bootup(7)). What it learns of later starts if a unit that runs
 * upholds it, and whatever that wants with it.
 */
export function bootStart(merge: Merge): BootStart {
  const { extensions, host } = merge;
  const booted = host && bootedUnits(host.view);
  const brought = new Set(extensions.flatMap(({ view }) => unitFiles(view).map(({ name }) => name)));
  const boots = (unit: string) => booted?.has(unit) ?? (unit.endsWith('.target') && !unitOf(brought, unit));
  const services = new Set(extensions.map(({ rules }) => rules.service));
  const restarted = host ? restartedUnits(host.view, services) : new Set();
  const seeds = pulls(merge.view, '/').filter(
    pull => (isUpheld(pull, merge) && boots(pull.from)) || restarted.has(pull.from),
  );
  const first = seeds.map(({ to }) => to);
  return { boots, late: closure(merge.view, first, boots) };
}

/** systemd reads TARGET.upholds/ from 254 on, and the setting from 249 on. */
export function isUpheld({ how, isLink }: Pull, { host }: Merge): boolean {
  const version = host && systemdVersion(host.view);
  return how === 'uphold' && (!isLink || version === undefined || version >= 254);
}

function bootedUnits(host: View): ReadonlySet<string> | undefined {
  const places = ['/etc/systemd/system', '/usr/lib/systemd/system'];
  const found = places.map(place => follow(host, `${place}/default.target`).path).find(path => path);
  return found === undefined ? undefined : closure(host, [basename(found)]);
}

/**
 * Units of a root, and with them what each brings when it is started. One that runs already brings nothing: systemd drops
 * its job from the transaction, and those that only it wants (src/core/transaction.c).
 */
function closure(
  view: View,
  seeds: readonly string[],
  runs: (unit: string) => boolean = () => false,
): ReadonlySet<string> {
  const names = new Set(unitFiles(view).flatMap(({ name, isDropIn }) => (isDropIn ? [] : [name])));
  const brings = new Map<string, string[]>();
  for (const { from, to } of pulls(view, '/')) (brings.get(from) ?? brings.set(from, []).get(from)!).push(to);
  const found = new Set<string>();
  const todo = [...seeds];
  while (todo.length > 0) {
    const unit = todo.pop()!;
    if (found.has(unit) || runs(unit) || !unitOf(names, unit)) continue;
    found.add(unit);
    todo.push(...(brings.get(unit) ?? []));
  }
  return found;
}

/** By its own name, or as an instance of a template. */
function unitOf(names: ReadonlySet<string>, unit: string): boolean {
  return names.has(unit) || names.has(unit.replace(/@.+\./, '@.'));
}
