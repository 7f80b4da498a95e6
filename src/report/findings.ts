import type { AuditFinding } from '../audit/audit.ts';
import type { ChainLink, Severity } from '../audit/finding.ts';
import { printable } from '../printable.ts';
import { count } from './numbers.ts';
import { originText } from './origin.ts';

/** What people read for a severity: an `info` is a note. */
export const severityNames: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

/** Returns text such as `2 errors, 1 note`, or `no findings`. */
export function tally(findings: readonly AuditFinding[]): string {
  const parts = Object.entries(severityNames).flatMap(([each, name]) => {
    const number = findings.filter(({ severity }) => severity === each).length;
    return number > 0 ? [count(number, name)] : [];
  });
  return parts.join(', ') || 'no findings';
}

/** Returns text such as `/usr/bin/app → libz.so.1 (cache)`. */
export function chainText(chain: readonly ChainLink[]): string {
  const last = chain.at(-1);
  const end = last && (last.path === null ? 'not found' : last.origin && originText(last.origin));
  return chain.map(({ name }) => printable(name)).join(' → ') + (end ? ` (${end})` : '');
}
