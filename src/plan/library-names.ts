import { FlixError } from '../errors.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { basename } from '../view/path.ts';
import type { Excluded } from './request.ts';

/** One file that the private directory has to serve, under every name by which it is asked for. */
export interface Wanted {
  readonly object: LoadedObject;
  /** Bare names, the first one asked for first. */
  readonly names: readonly string[];
  /** Who asked first. */
  readonly requester: LoadedObject;
  readonly preloaded: boolean;
}

/** What an object brings in, itself left out, edges to excluded names not followed; the loader is not among it. */
export function reachable(closure: Closure, start: LoadedObject, excluded: Excluded): Set<LoadedObject> {
  const seen = new Set<LoadedObject>([start]);
  for (const object of seen)
    for (const { name, to } of object.edges)
      if (to && to.id !== closure.loader?.id && !excluded(name)) seen.add(to);
  seen.delete(start);
  return seen;
}

/**
 * All that closures want of the private directory. A library that is found under two names is one file; two files
 * under one name are refused, since a flat directory can serve one of them only.
 */
export function wantedLibraries(closures: readonly Closure[], excluded: Excluded): Wanted[] {
  const wanted = new Map<
    string,
    { object: LoadedObject; names: string[]; requester: LoadedObject; preloaded: boolean }
  >();
  const byName = new Map<string, Wanted>();
  for (const closure of closures)
    for (const requester of [closure.entry, ...reachable(closure, closure.entry, excluded)])
      for (const edge of requester.edges) {
        const { to } = edge;
        if (!to || to.id === closure.loader?.id || excluded(edge.name)) continue;
        let entry = wanted.get(to.id);
        if (!entry)
          wanted.set(
            to.id,
            (entry = { object: to, names: [], requester, preloaded: edge.tag === 'preload' }),
          );
        // a path becomes the name of what it leads to
        const name = basename(edge.name);
        if (entry.names.includes(name)) continue;
        const other = byName.get(name);
        if (other) throw conflict(name, other, { ...entry, requester });
        entry.names.push(name);
        byName.set(name, entry);
      }
  return [...wanted.values()];
}

function conflict(name: string, first: Wanted, second: Wanted): FlixError {
  const line = ({ object, requester }: Wanted) =>
    `  ${object.real} of ${object.view.label}, for ${requester.real}`;
  return new FlixError(
    'input',
    'name-conflict',
    `two libraries are asked for as ${name}:\n${line(first)}\n${line(second)}`,
    'One private directory can hold one of them. Vendor their programs apart, each with its own --name.',
  );
}
