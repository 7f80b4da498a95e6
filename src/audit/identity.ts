import type { AuditFinding } from './audit.ts';
import { severities } from './finding.ts';

/** What makes two findings of different audits the same finding; message and severity may differ. */
export type Identity = Pick<AuditFinding, 'kind' | 'extension' | 'extensionType' | 'subject' | 'culprit'>;

export function identityOf({ kind, extension, extensionType, subject, culprit }: Identity): string {
  return [kind, extensionType, extension, subject, culprit].join('\0');
}

/** Returns the findings of `after` that are not in `before`, or were less severe there. */
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
