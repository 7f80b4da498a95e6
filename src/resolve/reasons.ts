import type { Closure, LoadedObject, Missing } from './closure.ts';
import { chainTo, reach, type ChainStep } from './reach.ts';

/** The shortest chain, over all entries, to one requester of the object or name in question. */
export interface Demand {
  readonly entry: LoadedObject;
  readonly requester: LoadedObject;
  /** From the entry to `requester`, plus the step to the object if it is loaded. */
  readonly steps: readonly ChainStep[];
  /** The number of entries in whose closures this requester requests it. */
  readonly entries: number;
}

/** Why a file is loaded. */
export interface Reason {
  readonly object: LoadedObject;
  /** Entries that load it. */
  readonly entries: readonly LoadedObject[];
  /** One per direct requester, shortest chain first. */
  readonly demands: readonly Demand[];
  /** What no entry would load if nothing requested the object; the object itself comes first. */
  readonly exclusive: readonly LoadedObject[];
}

/** Why a name is requested that nothing provides. */
export interface MissingReason {
  readonly missing: Missing;
  readonly demand: Demand;
}

/**
 * Explains why files are loaded, over several closures. Requesters are identified by their file on disk. An object that
 * is loaded only because of the file in question does not count as a requester.
 */
export function reasonsFor(
  closures: readonly Closure[],
  selects: (object: LoadedObject) => boolean,
): Reason[] {
  const targets = new Map<string, LoadedObject[]>();
  for (const { entry } of closures)
    for (const object of reach(entry).keys()) if (selects(object)) add(targets, object.id, object);
  return [...targets.keys()]
    .map(id => reason(closures, id, targets.get(id)![0]!))
    .filter(({ demands }) => demands.length > 0);
}

function reason(closures: readonly Closure[], id: string, object: LoadedObject): Reason {
  const entries: LoadedObject[] = [];
  const demands: Demand[] = [];
  const kept = new Set<string>();
  const brought = new Map<string, LoadedObject>();
  for (const { entry } of closures) {
    const all = reach(entry);
    const target = [...all.keys()].find(candidate => candidate.id === id);
    const others = target ? reach(entry, target) : all;
    for (const other of others.keys()) kept.add(other.id);
    if (!target || target === entry) continue;
    entries.push(entry);
    for (const candidate of all.keys()) if (!others.has(candidate)) brought.set(candidate.id, candidate);
    for (const requester of others.keys()) {
      const edge = requester.edges.find(({ to }) => to === target);
      if (edge)
        demands.push({
          entry,
          requester,
          steps: [...chainTo(others, requester), { requester, edge, object: target }],
          entries: 1,
        });
    }
  }
  return {
    object,
    entries,
    demands: shortest(demands),
    exclusive: [...brought.values()].filter(candidate => !kept.has(candidate.id)),
  };
}

/** Explains why names are requested that nothing provides. */
export function missingReasons(
  closures: readonly Closure[],
  selects: (name: string) => boolean,
): MissingReason[] {
  const records = new Map<string, Missing>();
  const demands = new Map<string, Demand[]>();
  for (const { entry, missing } of closures) {
    const all = reach(entry);
    for (const record of missing.filter(({ name }) => selects(name))) {
      const key = `${record.name}\0${record.requester.id}`;
      if (!records.has(key)) records.set(key, record);
      add(demands, key, {
        entry,
        requester: record.requester,
        steps: chainTo(all, record.requester),
        entries: 1,
      });
    }
  }
  return [...records].map(([key, missing]) => ({ missing, demand: shortest(demands.get(key)!)[0]! }));
}

function shortest(demands: readonly Demand[]): Demand[] {
  const byRequester = new Map<string, Demand>();
  for (const demand of demands) {
    const known = byRequester.get(demand.requester.id);
    const best = known && known.steps.length <= demand.steps.length ? known : demand;
    byRequester.set(demand.requester.id, { ...best, entries: (known?.entries ?? 0) + 1 });
  }
  return [...byRequester.values()].sort((a, b) => a.steps.length - b.steps.length || b.entries - a.entries);
}

function add<T>(groups: Map<string, T[]>, key: string, item: T): void {
  const group = groups.get(key);
  if (group) group.push(item);
  else groups.set(key, [item]);
}
