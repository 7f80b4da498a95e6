import type { Range } from './range.ts';

/** What an image claims and does not keep. Data, as a finding of the audit is; it never throws. */
export interface Fault {
  /** Stable, for scripts: `gpt-header`, `verity-data`, … */
  readonly code: string;
  /** What it is in: `GPT`, `partition 1 (root-x86-64)`, `SHA256SUMS`. */
  readonly part: string;
  readonly message: string;
  /** The bytes that are wrong, or one of which is. */
  readonly at?: Range;
  /** Of the file in the image. */
  readonly path?: string;
}

/** Damage can be everywhere: what is listed ends here. */
const LISTED = 100;

/** Collects faults up to a bound, so that a large image full of damage gives a report of bounded size. */
export class Faults {
  readonly list: Fault[] = [];
  /** All of them, listed or not. */
  total = 0;

  add(fault: Fault): void {
    this.total++;
    if (this.list.length < LISTED) this.list.push(fault);
  }
}
