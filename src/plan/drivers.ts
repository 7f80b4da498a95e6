import { FlixError } from '../errors.ts';
import { driverOf, reasonForHostsDriver } from '../needs/drivers.ts';
import type { JudgedNeed } from '../needs/need.ts';
import { noteOf } from '../needs/opened-names.ts';
import type { LoadedObject } from '../resolve/closure.ts';
import type { Loader } from '../resolve/loader.ts';
import { follow } from '../view/follow.ts';
import { basename, join } from '../view/path.ts';
import { HOSTS_USR } from '../wrap/mounts.ts';
import { isOptional, type PlacedClosure } from './closures.ts';
import type { StagedRoot } from './flatwrap/staged-root.ts';
import type { Excluded } from './request.ts';

/** A library of the host's driver that a file of the tree needs, or may open. */
interface DriverUse {
  readonly name: string;
  readonly by: LoadedObject;
  /** The loader loads it at start; otherwise the file opens it by name. */
  readonly atStart: boolean;
}

/** Whether a library is part of a driver that has to fit the kernel, unless the user gave another reason to leave it out. */
export function isHostsDriver(path: string, excluded: Excluded): boolean {
  const reason = reasonForHostsDriver(basename(path));
  return reason !== undefined && excluded(path) === reason;
}

/** Returns the uses of drivers that have to fit the kernel, each name once, without those that the user left out. */
function driverUses({ closure }: PlacedClosure, excluded: Excluded): DriverUse[] {
  const uses = new Map<string, DriverUse>();
  const add = (path: string, by: LoadedObject, atStart: boolean) => {
    const name = basename(path);
    if (isHostsDriver(name, excluded) && !uses.has(name)) uses.set(name, { name, by, atStart });
  };
  for (const object of closure.objects)
    for (const { name, tag } of object.edges) if (tag !== 'preload') add(name, object, true);
  for (const { name, caller } of closure.openedNames) add(name, caller, false);
  return [...uses.values()];
}

/** Throws `FlixError` if a program cannot start without a library of the host's driver, which a sealed loader does not see. */
export function refuseDrivers(closures: readonly PlacedClosure[], excluded: Excluded): void {
  for (const placed of closures) {
    if (isOptional(placed)) continue;
    const needed = driverUses(placed, excluded).find(({ atStart }) => atStart);
    if (!needed) continue;
    const { name, by } = needed;
    const user = by === placed.closure.entry ? '' : `, through ${by.real}`;
    throw new FlixError(
      'input',
      'driver-library',
      `${placed.target} needs ${name}${user}: ${reasonForHostsDriver(name)}, and the sealed loader does not see the libraries of the host`,
      `Use --mode flatwrap, which shows the driver of the host to the programs, or --seal none, which leaves the loader open to all libraries of the host.`,
    );
  }
}

/**
 * Stages links to the places where hosts have the drivers that must fit the kernel. On a host without one, the link is
 * dangling, and the loader reports that the library is missing. Returns the needs.
 */
export function bridgeDrivers(
  staged: StagedRoot,
  closures: readonly PlacedClosure[],
  loaders: readonly Loader[],
  excluded: Excluded,
): JudgedNeed[] {
  const needs: JudgedNeed[] = [];
  const names = new Set<string>();
  for (const placed of closures)
    for (const { name, by, atStart } of driverUses(placed, excluded)) {
      needs.push(driverNeed(name, by, atStart, 'bridged'));
      for (const linked of [name, ...(driverOf(name)?.opens ?? [])]) names.add(linked);
    }
  for (const loader of loaders)
    for (const [directory, place] of hostsDirectories(loader))
      for (const name of names)
        staged.link(join(directory, name), join(place, name), 'the driver of the host');
  return needs;
}

/** Pairs directories that a loader searches with the library directories of hosts: that of Debian, and that of others. */
function hostsDirectories({ view, defaultDirectories }: Loader): [string, string][] {
  const real = defaultDirectories.flatMap(directory => follow(view, directory).path ?? []);
  const searched = [...new Set(real)].filter(directory => directory.startsWith('/usr/'));
  const triplet = searched.find(directory => /^\/usr\/lib\/[^/]+-linux-[^/]+$/.test(directory));
  const places = [...(triplet === undefined ? [] : [triplet]), '/usr/lib64'];
  return places.flatMap((place, i): [string, string][] => {
    const directory = searched[i];
    return directory === undefined ? [] : [[directory, HOSTS_USR + place.slice('/usr'.length)]];
  });
}

/** Returns the need for a library of a driver. It is only suggested if a string in the file is the only evidence. */
export function driverNeed(
  name: string,
  by: LoadedObject,
  atStart: boolean,
  verdict: 'bridged' | 'open',
): JudgedNeed {
  const note = atStart ? undefined : noteOf({ caller: by, name });
  const { name: driver, fits } = driverOf(name)!;
  const because =
    fits === 'kernel'
      ? `${reasonForHostsDriver(name)}; use --mode flatwrap, which shows it to the programs`
      : `it is a part of ${driver}, which fits the devices of a machine; if it fits those of the hosts, --include it with its libraries`;
  return {
    what: name,
    strength: atStart ? 'required' : (note?.priority ?? 'suggested'),
    evidence: { kind: note?.priority === undefined ? 'soname' : 'note', file: by.real, text: name },
    owner: 'machine',
    verdict,
    size: () => 0,
    ...(verdict === 'open' && { because }),
  };
}
