import type { AuditFinding } from './audit.ts';
import { severities } from './finding.ts';

/** What makes two findings of different audits the same: not how they are worded, and not how bad they are. */
export type Identity = Pick<AuditFinding, 'kind' | 'extension' | 'subject' | 'culprit'>;

export function identityOf({ kind, extension, subject, culprit }: Identity): string {
  return [kind, extension, subject, culprit].join('\0');
}

/** Findings that were not there before, or were less bad. */
export function newFindings(before: readonly AuditFinding[], after: readonly AuditFinding[]): AuditFinding[] {
  const known = new Map<string, number>();
  for (const finding of before) {
    const key = identityOf(finding);
    known.set(key, Math.min(known.get(key) ?? Infinity, rank(finding)));
  }
  return after.filter(finding => rank(finding) < (known.get(identityOf(finding)) ?? Infinity));
}

function rank({ severity }: AuditFinding): number {
  return severities.indexOf(severity);
}
