import type { FindingBase, Page } from './finding.ts';

/** What is wrong with the allowances themselves. */
export interface PolicyFinding extends FindingBase {
  readonly kind: 'policy/expired-allowance' | 'policy/unused-allowance';
}

export const policyPages: Readonly<Record<PolicyFinding['kind'], Page>> = {
  'policy/expired-allowance': {
    title: 'An allowance has expired',
    means:
      'An entry of “allow” in flix.json allows a finding until a day that has passed. It allows nothing any more, and ' +
      'what it did allow is told again as severely as before.',
    matters:
      'An allowance is a promise to come back to something. Whoever wrote it expected the cause to be gone by now.',
    fix: 'Fix the cause and remove the entry, or look at it once more and give it a new day and a reason that still holds.',
  },
  'policy/unused-allowance': {
    title: 'An allowance allows nothing',
    means:
      'An entry of “allow” in flix.json fits no finding of this audit: the cause is gone, or the entry has a wrong ' +
      'kind, path or extension.',
    matters: 'It would silently allow the next finding that happens to fit.',
    fix: 'Remove the entry, or correct it. If it is for another tree or host, keep it in the flix.json of that one.',
  },
};
