import type { FindingBase, Page } from './finding.ts';

/** A problem with the allowances themselves. */
export interface PolicyFinding extends FindingBase {
  readonly kind: 'policy/expired-allowance' | 'policy/unused-allowance';
}

export const policyPages: Readonly<Record<PolicyFinding['kind'], Page>> = {
  'policy/expired-allowance': {
    title: 'An allowance has expired',
    means:
      'An entry of “allow” in flix.json allows a finding until a date that has passed. It no longer allows ' +
      'anything, and the findings have their original severity again.',
    matters:
      'An allowance is a promise to come back to a problem. Its author expected the cause to be gone by now.',
    fix: 'Fix the cause and remove the entry, or review it and give it a new date and a reason that still holds.',
  },
  'policy/unused-allowance': {
    title: 'An allowance matches no finding',
    means:
      'An entry of “allow” in flix.json matches no finding of this audit: the cause is gone, or the entry has a ' +
      'wrong kind, path or extension.',
    matters: 'It would silently allow the next finding that happens to match.',
    fix: 'Remove the entry, or correct it. If it is meant for another tree or host, keep it in that one’s flix.json.',
  },
};
