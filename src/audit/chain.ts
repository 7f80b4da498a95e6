import type { LoadedObject } from '../resolve/closure.ts';
import type { ChainLink } from './finding.ts';
import type { Merge } from './merge.ts';
import type { Subject } from './subject.ts';

/** The way from a subject to an object: each was first asked for by the one before it. */
export function chainTo(object: LoadedObject, subject: Subject, merge: Merge): ChainLink[] {
  return chainOf(object, merge, subject.path);
}

/** The same from the program that was started, or from the last object on the way whose real path is `from`. */
export function chainOf(object: LoadedObject, merge: Merge, from?: string): ChainLink[] {
  const steps: ChainLink[] = [];
  for (let node: LoadedObject | undefined = object; node; node = node.requester) {
    steps.push(stepOf(node, merge));
    if (node.real === from) break;
  }
  return steps.reverse();
}

/** The last step of a chain that ends in nothing. */
export function nothing(name: string): ChainLink {
  return { name, path: null, provider: null, origin: null };
}

export function stepOf(object: LoadedObject, { providerOf }: Merge): ChainLink {
  const { requester, real, path, origin = null } = object;
  const name = requester?.edges.find(({ to }) => to === object)?.name ?? path;
  return { name, path: real, provider: providerOf(real), origin };
}
