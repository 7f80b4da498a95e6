import type { AuditFinding } from '../audit/audit.ts';
import type { Severity } from '../audit/finding.ts';
import { count } from './count.ts';

/** What is said of a severity where people read it: an `info` is a note. */
export const severityNames: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

/** `2 errors, 1 note`; `no findings`. */
export function tally(findings: readonly AuditFinding[]): string {
  const parts = Object.entries(severityNames).flatMap(([wanted, name]) => {
    const number = findings.filter(({ severity }) => severity === wanted).length;
    return number > 0 ? [count(number, name)] : [];
  });
  return parts.join(', ') || 'no findings';
}
