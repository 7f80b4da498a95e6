import type { Edge, LoadedObject } from './closure.ts';

/** One step of a chain: the requester, the edge, and the object it leads to. */
export interface ChainStep {
  readonly requester: LoadedObject;
  readonly edge: Edge;
  readonly object: LoadedObject;
}

/** The reachable objects, each with the last step of a shortest chain to it; the start has no step. */
export type Reach = ReadonlyMap<LoadedObject, ChainStep | undefined>;

/**
 * Walks the edges breadth-first.
 * @param without an object to ignore; what is then unreachable is loaded only because of it
 */
export function reach(from: LoadedObject, without?: LoadedObject): Reach {
  const reached = new Map<LoadedObject, ChainStep | undefined>();
  if (from === without) return reached;
  reached.set(from, undefined);
  // iterating over a map includes entries that are added meanwhile
  for (const requester of reached.keys())
    for (const edge of requester.edges)
      if (edge.to && edge.to !== without && !reached.has(edge.to))
        reached.set(edge.to, { requester, edge, object: edge.to });
  return reached;
}

/** Returns the steps of a shortest chain to an object; none for the start and for unreachable objects. */
export function chainTo(reached: Reach, object: LoadedObject): ChainStep[] {
  const steps: ChainStep[] = [];
  for (let step = reached.get(object); step; step = reached.get(step.requester)) steps.push(step);
  return steps.reverse();
}
