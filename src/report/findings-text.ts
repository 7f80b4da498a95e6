import type { Audit, AuditFinding } from '../audit/audit.ts';
import type { Page } from '../audit/finding.ts';
import { chainText, tally } from './findings.ts';
import { count } from './numbers.ts';
import { grouped } from './grouped.ts';
import { printable, printableLines } from '../printable.ts';
import type { Style } from './style.ts';

/** How many other affected files are listed; if there are more, only their number is printed. */
const MAX_LISTED = 3;

/**
 * Prints findings for people: the most severe first, grouped by kind. Findings with the same fix share one line for it.
 * @param pages explanations by kind
 */
export function auditText(audit: Audit, pages: ReadonlyMap<string, Page>, style: Style): string {
  const lines: string[] = [];
  for (const group of grouped(audit.findings, ({ severity, kind }) => `${severity} ${kind}`).values()) {
    const { severity, kind } = group[0]!;
    const heading = `${severity}: ${pages.get(kind)!.title}`;
    lines.push(`${severity === 'error' ? style.bad(heading) : style.strong(heading)} ${style.faint(kind)}`);
    for (const alike of grouped(group, ({ extension, fix }) => `${extension}\0${fix}`).values()) {
      for (const finding of alike) lines.push(...findingLines(finding, audit, style));
      lines.push(`    ${style.strong('fix:')} ${printableLines(alike[0]!.fix).replaceAll('\n', '\n      ')}`);
    }
    lines.push('');
  }
  lines.push(`${tally(audit.findings)}: ${scope(audit)}`);
  if (audit.findings.length > 0) lines.push(explainLine(audit.findings[0]!));
  if (audit.hosts.length === 0)
    lines.push('no host was given, so nothing was checked against one (--host <root>)');
  return lines.map(line => `${line}\n`).join('');
}

function findingLines(finding: AuditFinding, { hosts }: Audit, style: Style): string[] {
  const { extension, subject, alsoIn, message, chain, known, accepted } = finding;
  const where =
    hosts.length > 1 && finding.hosts.length < hosts.length ? ` [on ${finding.hosts.join(', ')}]` : '';
  const documented = known ? ' (known, documented in the manifest)' : '';
  const allowed = accepted === undefined ? '' : ` (accepted: ${printable(accepted)})`;
  const others = alsoIn.length > MAX_LISTED ? `${alsoIn.length} more` : alsoIn.map(printable).join(', ');
  const files = [subject, ...(others ? [`and ${others}`] : [])].map(printable).join(' ');
  const lines = [
    `  ${style.strong(printable(extension))}: ${printable(message)}${where}${documented}${allowed}`,
    `    in ${files}`,
  ];
  // even of two links, the message does not say which rule applied
  if (chain.length > 1) lines.push(style.faint(`    ${chainText(chain)}`));
  return lines;
}

/** Returns text such as `3 programs, 42 objects, host debian 13`. */
function scope({ extensions, hosts }: Audit): string {
  const sum = (of: 'programs' | 'objects') =>
    extensions.reduce((total, extension) => total + extension[of], 0);
  const on = hosts.length === 0 ? 'no host' : `${hosts.length === 1 ? 'host' : 'hosts'} ${hosts.join(', ')}`;
  return `${count(sum('programs'), 'program')}, ${count(sum('objects'), 'object')}, ${on}`;
}

function explainLine({ kind }: AuditFinding): string {
  return `(details: flix audit --explain ${kind})`;
}
