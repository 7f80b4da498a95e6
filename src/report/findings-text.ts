import type { Audit, AuditFinding } from '../audit/audit.ts';
import { type Page, severities } from '../audit/finding.ts';
import {
  byKind,
  byObject,
  chainText,
  culpritNames,
  hostConsequence,
  matrixOf,
  someNames,
  tally,
} from './findings.ts';
import { count } from './numbers.ts';
import { grouped } from './grouped.ts';
import { printable, printableLines } from '../printable.ts';
import { ofSeverity, type Style } from './style.ts';

/** How many other affected files, or different fixes, are listed; if there are more, only their number is printed. */
const MAX_LISTED = 3;

/**
 * Prints findings for people: a summary, then the findings, the most severe first, grouped by kind. Findings about one
 * file share a line, and those with the same fix share the line for it.
 *
 * @param pages explanations by kind
 * @param unfolded prints each finding by itself
 */
export function auditText(
  audit: Audit,
  pages: ReadonlyMap<string, Page>,
  style: Style,
  unfolded = false,
): string {
  const lines = summaryLines(audit, style);
  for (const group of byKind(audit.findings)) {
    const { severity, kind } = group[0]!;
    const heading = `${severity}: ${pages.get(kind)!.title}`;
    lines.push(`${ofSeverity(style, severity)(heading)} ${style.faint(kind)}`);
    const subjects = unfolded ? group.map(finding => [finding]) : byObject(group);
    const folded = subjects.map(findings => ({ findings, fixes: fixesOf(findings) }));
    const key = ({ findings, fixes }: (typeof folded)[number]) =>
      [findings[0]!.extension, ...fixes].join('\0');
    for (const alike of grouped(folded, key).values()) {
      for (const { findings } of alike) lines.push(...objectLines(findings, audit, style));
      lines.push(
        ...alike[0]!.fixes.map(fix => `    ${style.strong('fix:')} ${fix.replaceAll('\n', '\n      ')}`),
      );
    }
    lines.push('');
  }
  lines.push(`${tally(audit.findings)}: ${scope(audit)}`);
  if (audit.findings.length > 0) lines.push(explainLine(audit.findings[0]!));
  if (audit.hosts.length === 0)
    lines.push('no host was given, so nothing was checked against one (--host <root>)');
  return lines.map(line => `${line}\n`).join('');
}

/** What the whole host suffers, and a table of extensions and hosts, if there are several. */
function summaryLines(audit: Audit, style: Style): string[] {
  const consequence = hostConsequence(audit.findings);
  const { columns, rows } = matrixOf(audit);
  const lines = consequence === undefined ? [] : [style.bad(consequence), ''];
  if (audit.findings.length === 0 || columns.length * rows.length < 2) return lines;
  const names = rows.map(({ name }) => printable(name));
  const labels = columns.map(label => printable(label));
  const widths = labels.map((label, index) =>
    Math.max(label.length, ...rows.map(({ cells }) => cells[index]!.tally.length)),
  );
  const first = Math.max(...names.map(name => name.length));
  const row = (name: string, cells: readonly string[]) =>
    [name.padEnd(first), ...cells.map((cell, index) => cell.padEnd(widths[index]!))].join('  ').trimEnd();
  lines.push(style.faint(row('', labels)));
  for (const [index, { cells }] of rows.entries()) {
    const line = row(
      names[index]!,
      cells.map(cell => cell.tally),
    );
    const worst = severities.find(severity => cells.some(cell => cell.worst === severity));
    lines.push(worst === undefined ? line : ofSeverity(style, worst)(line));
  }
  return [...lines, ''];
}

function fixesOf(findings: readonly AuditFinding[]): string[] {
  const fixes = [...new Set(findings.map(({ fix }) => printableLines(fix)))];
  if (fixes.length <= MAX_LISTED) return fixes;
  return [
    ...fixes.slice(0, MAX_LISTED),
    `(and ${fixes.length - MAX_LISTED} more: --format json has all of them)`,
  ];
}

/** @param findings of one kind, about one file */
function objectLines(findings: readonly AuditFinding[], audit: Audit, style: Style): string[] {
  const [first] = findings as [AuditFinding, ...AuditFinding[]];
  if (findings.length === 1) return findingLines(first, audit, style);
  // marks that differ are left to the formats that list each finding
  const shared = findings.every(finding => marks(finding, audit) === marks(first, audit));
  return [
    `  ${style.strong(printable(first.extension))}: ${printable(first.subject)}: ${count(findings.length, 'finding')}: ${someNames(culpritNames(findings))}${shared ? marks(first, audit) : ''}`,
    style.faint(`    such as: ${printable(first.message)}`),
  ];
}

function findingLines(finding: AuditFinding, audit: Audit, style: Style): string[] {
  const { extension, subject, alsoIn, message, chain } = finding;
  const others = alsoIn.length > MAX_LISTED ? `${alsoIn.length} more` : alsoIn.map(printable).join(', ');
  const files = [subject, ...(others ? [`and ${others}`] : [])].map(printable).join(' ');
  const lines = [
    `  ${style.strong(printable(extension))}: ${printable(message)}${marks(finding, audit)}`,
    `    in ${files}`,
  ];
  // even of two links, the message does not say which rule applied
  if (chain.length > 1) lines.push(style.faint(`    ${chainText(chain)}`));
  return lines;
}

/** Returns the hosts, if not all are affected, and why the finding is only a note. */
function marks({ hosts: on, known, accepted }: AuditFinding, { hosts }: Audit): string {
  const where = hosts.length > 1 && on.length < hosts.length ? ` [on ${on.join(', ')}]` : '';
  const documented = known ? ' (known, documented in the manifest)' : '';
  return where + documented + (accepted === undefined ? '' : ` (accepted: ${printable(accepted)})`);
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
