import type { Edge, LoadedObject } from './closure.ts';

/** One step of a chain: who asked, by which edge, and what that led to. */
export interface ChainStep {
  readonly requester: LoadedObject;
  readonly edge: Edge;
  readonly object: LoadedObject;
}

/** What can be reached, each object with the last step of a shortest chain to it; none for where the walk began. */
export type Reach = ReadonlyMap<LoadedObject, ChainStep | undefined>;

/**
 * Walks the edges breadth-first.
 * @param without an object that is taken as if nothing led to it: what stays unreached, only it brings in
 */
export function reach(from: LoadedObject, without?: LoadedObject): Reach {
  const reached = new Map<LoadedObject, ChainStep | undefined>();
  if (from === without) return reached;
  reached.set(from, undefined);
  // a map is walked in the order of insertion, what is added on the way included
  for (const requester of reached.keys())
    for (const edge of requester.edges)
      if (edge.to && edge.to !== without && !reached.has(edge.to))
        reached.set(edge.to, { requester, edge, object: edge.to });
  return reached;
}

/** The steps of a shortest chain; empty for where the walk began, and for what it did not reach. */
export function chainTo(reached: Reach, object: LoadedObject): ChainStep[] {
  const steps: ChainStep[] = [];
  for (let step = reached.get(object); step; step = reached.get(step.requester)) steps.push(step);
  return steps.reverse();
}
