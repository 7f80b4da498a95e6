import type { ElfFacts } from '../elf/facts.ts';
import { parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { Edge, LoadedObject, Origin } from './closure.ts';

/** A file that a lookup found and that may already be loaded. */
export interface FoundFile {
  readonly path: string;
  readonly real: string;
  readonly view: View;
  readonly facts: ElfFacts;
  readonly id: string;
  readonly origin: Origin;
}

/** A loaded object of a closure that is still growing. */
export class Node implements LoadedObject {
  readonly path: string;
  readonly real: string;
  readonly view: View;
  readonly facts: ElfFacts;
  readonly id: string;
  readonly requester: Node | undefined;
  readonly origin: Origin | undefined;
  readonly names = new Set<string>();
  readonly edges: Edge[] = [];

  constructor(found: Omit<FoundFile, 'origin'> & { readonly origin?: Origin }, requester: Node | undefined) {
    this.path = found.path;
    this.real = found.real;
    this.view = found.view;
    this.facts = found.facts;
    this.id = found.id;
    this.requester = requester;
    this.origin = found.origin;
  }

  /** The value of `$ORIGIN`: the directory of the entry's real path, or of the path by which a library was found. */
  get originDirectory(): string {
    return parent(this.requester || this.origin ? this.path : this.real);
  }
}

/** An error that makes the loader abort the program. */
export class FatalLoad extends Error {
  override readonly name = 'FatalLoad';
  readonly path: string;
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.path = path;
    this.reason = reason;
  }
}
