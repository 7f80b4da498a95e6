import type { LoadedObject } from '../resolve/closure.ts';
import type { ChainLink } from './finding.ts';
import type { Merge } from './merge.ts';
import type { Subject } from './subject.ts';

/** Returns the chain from a subject to an object: each object was first requested by the one before it. */
export function chainTo(object: LoadedObject, subject: Subject, merge: Merge): ChainLink[] {
  return chainOf(object, merge, subject.path);
}

/**
 * Returns the chain from the program to an object; it starts at the object whose real path is `from`, if that is in it.
 */
export function chainOf(object: LoadedObject, merge: Merge, from?: string): ChainLink[] {
  const steps: ChainLink[] = [];
  for (let node: LoadedObject | undefined = object; node; node = node.requester) {
    steps.push(linkTo(node, merge));
    if (node.real === from) break;
  }
  return steps.reverse();
}

/** The last link of a chain whose name was not found. */
export function notFound(name: string): ChainLink {
  return { name, path: null, provider: null, origin: null };
}

export function linkTo(object: LoadedObject, { providerOf }: Merge): ChainLink {
  const { requester, real, path, origin = null } = object;
  const name = requester?.edges.find(({ to }) => to === object)?.name ?? path;
  return { name, path: real, provider: providerOf(real), origin };
}
