import type { Missing, OpenedName, Origin } from './closure.ts';
import type { Node } from './node.ts';
import type { ResolveOptions } from './options.ts';

/** A process in which objects open names. */
export interface OpeningProcess {
  /** Opens a name for a caller in a copy of the process, which `process` is then. */
  open(name: string, caller: Node): OpeningResult;
}

interface OpeningResult {
  /** `undefined`: it is not found, or cannot be loaded. */
  readonly node: Node | undefined;
  readonly origin: Origin | undefined;
  /** The object and its dependencies, as far as the process had not loaded them. */
  readonly fresh: readonly Node[];
  readonly missing: readonly Missing[];
  readonly process: OpeningProcess;
}

/**
 * Opens every name that the objects of a process open, and then every name that the opened objects open. Each is opened in
 * a process that has opened only what leads to it, since the order of such calls is not known.
 */
export function openAll(
  start: OpeningProcess,
  objects: readonly Node[],
  { opens }: ResolveOptions,
): OpenedName[] {
  if (!opens) return [];
  const opened: OpenedName[] = [];
  const seen = new Set<string>();
  const queue = objects.map(caller => ({ process: start, caller }));
  for (const { process, caller } of queue)
    for (const name of opens(caller)) {
      const key = `${caller.id}\0${name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const { node, origin, fresh, missing, process: after } = process.open(name, caller);
      opened.push({ caller, name, to: node, origin, missing });
      queue.push(...fresh.map(object => ({ process: after, caller: object })));
    }
  return opened;
}
