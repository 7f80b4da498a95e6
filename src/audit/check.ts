import type { FindingBase, Page } from './finding.ts';
import { severities } from './finding.ts';
import type { Merge } from './merge.ts';
import type { Inventory, Subject } from './subject.ts';

/** All that a check may look at. */
export interface Evidence {
  readonly merge: Merge;
  readonly inventories: readonly Inventory[];
  readonly subjects: readonly Subject[];
  /** The level of x86-64 that every machine of the target has: `x86-64-v2`, say. */
  readonly level: string | undefined;
}

/** One kind of finding: how it is found, and what it means. */
export interface Check<F extends FindingBase> {
  readonly kind: F['kind'];
  readonly page: Page;
  readonly find: (evidence: Evidence) => Iterable<F>;
}

/** What several programs of an extension share is one finding: that of the first, as severe as that of the worst. */
export function gathered<F extends FindingBase>(findings: Iterable<F>): F[] {
  const known = new Map<string, F>();
  for (const finding of findings) {
    const key = `${finding.extension}\0${finding.culprit}`;
    const first = known.get(key);
    known.set(key, first ? joined(first, finding) : finding);
  }
  return [...known.values()];
}

function joined<F extends FindingBase>(one: F, other: F): F {
  const worse = severities.indexOf(other.severity) < severities.indexOf(one.severity);
  const [kept, added] = worse ? [other, one] : [one, other];
  const alsoIn = [...kept.alsoIn, added.subject, ...added.alsoIn].filter(path => path !== kept.subject);
  return { ...kept, alsoIn: [...new Set(alsoIn)] };
}
