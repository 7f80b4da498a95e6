import type { ElfFacts } from '../elf/facts.ts';
import { parent } from '../view/path.ts';
import type { View } from '../view/view.ts';
import type { Edge, LoadedObject, Origin } from './closure.ts';

/** A file that a lookup found, before it is known whether it is loaded already. */
export interface FoundFile {
  readonly path: string;
  readonly real: string;
  readonly view: View;
  readonly facts: ElfFacts;
  readonly id: string;
  readonly origin: Origin;
}

/** A loaded object while the closure grows. */
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

  /** What `$ORIGIN` stands for: of the entry the directory of its real path, of a library that of the path it was found under. */
  get originDirectory(): string {
    return parent(this.requester || this.origin ? this.path : this.real);
  }
}

/** The loader would end here, whatever else it might find. */
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
