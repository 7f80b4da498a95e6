import type { Range } from './range.ts';

/** A way in which an image contradicts itself. Like a finding of the audit, it is data and is never thrown. */
export interface Fault {
  /** Stable, for scripts: `gpt-header`, `verity-data`, … */
  readonly code: string;
  /** Where it was found: `GPT`, `partition 1 (root-x86-64)`, `SHA256SUMS`. */
  readonly part: string;
  readonly message: string;
  /** The bytes of which at least one is wrong. */
  readonly at?: Range;
  /** Path of the affected file in the image. */
  readonly path?: string;
}

/** An image may be damaged everywhere; no more faults than this are listed. */
const LISTED = 100;

/** Collects faults up to a limit, so that the report on a badly damaged image stays short. */
export class Faults {
  readonly list: Fault[] = [];
  /** Number of all faults, including those not listed. */
  total = 0;

  add(fault: Fault): void {
    this.total++;
    if (this.list.length < LISTED) this.list.push(fault);
  }
}
