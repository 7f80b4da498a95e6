import type { Audit, AuditFinding } from '../audit/audit.ts';
import type { Page } from '../audit/finding.ts';
import {
  byKind,
  byObject,
  chainText,
  culpritNames,
  hostConsequence,
  matrixOf,
  severityNames,
  someNames,
  tally,
} from './findings.ts';
import { count } from './numbers.ts';
import { markdownCode as code, markdownText as text } from './markup.ts';

/** In characters. A comment on GitHub may have 65536; the closing line needs some of them. */
const MAX_LENGTH = 64_000;
/** How many findings about one file are listed. */
const MAX_LISTED = 20;

/**
 * Prints findings for a pull request: tables of extensions and hosts and of all kinds, and the details of each file’s
 * findings to unfold.
 *
 * @param pages explanations by kind
 */
export function findingsMarkdown(audit: Audit, pages: ReadonlyMap<string, Page>): string {
  const { findings, hosts } = audit;
  const on = hosts.length === 0 ? 'no host was given' : `over ${hosts.map(text).join(', ')}`;
  const consequence = hostConsequence(findings);
  const lines = [`**flix audit:** ${tally(findings)} (${on})`, ''];
  if (findings.length === 0) return lines.join('\n');
  if (consequence !== undefined) lines.push(`**${consequence}**`, '');
  lines.push(...matrixLines(audit));
  lines.push('| severity | finding | kind | number | extensions |', '| --- | --- | --- | --: | --- |');
  lines.push(...byKind(findings).map(group => row(group, pages)), '');
  return withDetails(lines.join('\n'), audit);
}

/** Returns the table of extensions and hosts, if there are several. */
function matrixLines(audit: Audit): string[] {
  const { columns, rows } = matrixOf(audit);
  if (columns.length * rows.length < 2) return [];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['extension', ...columns.map(text)]),
    line(['---', ...columns.map(() => '---')]),
    ...rows.map(({ name, cells }) => line([code(name), ...cells.map(cell => cell.tally)])),
    '',
  ];
}

function row(group: readonly AuditFinding[], pages: ReadonlyMap<string, Page>): string {
  const { severity, kind } = group[0]!;
  const extensions = [...new Set(group.map(({ extension }) => extension))];
  const cells = [
    severityNames[severity],
    text(pages.get(kind)!.title),
    code(kind),
    String(group.length),
    extensions.map(code).join(' '),
  ];
  return `| ${cells.join(' | ')} |`;
}

function withDetails(head: string, audit: Audit): string {
  let document = head;
  let shown = 0;
  for (const findings of byKind(audit.findings).flatMap(byObject)) {
    const block = details(findings, audit);
    if (document.length + block.length > MAX_LENGTH)
      return `${document}\n${count(audit.findings.length - shown, 'finding')} more did not fit into this comment.\n`;
    document += block;
    shown += findings.length;
  }
  return document;
}

/** @param findings of one kind, about one file */
function details(findings: readonly AuditFinding[], audit: Audit): string {
  const [first] = findings as [AuditFinding, ...AuditFinding[]];
  const { severity, extension, subject } = first;
  const what =
    findings.length === 1
      ? text(first.message)
      : `${code(subject)}: ${count(findings.length, 'finding')}: ${text(someNames(culpritNames(findings)))}`;
  const summary = `${severityNames[severity]}: ${code(extension)}: ${what}`;
  const items =
    findings.length === 1
      ? facts(first, audit).map(item => `- ${item}\n`)
      : findings.slice(0, MAX_LISTED).map(
          each =>
            `- ${text(each.message)}\n${facts(each, audit)
              .map(item => `  - ${item}\n`)
              .join('')}`,
        );
  const left = findings.length - MAX_LISTED;
  const more = left > 0 ? [`- and ${left} more\n`] : [];
  // the empty line after the summary switches from HTML back to Markdown
  return `\n<details><summary>${summary}</summary>\n\n${[...items, ...more].join('')}\n</details>\n`;
}

function facts({ kind, chain, ...finding }: AuditFinding, { hosts }: Audit): string[] {
  const files = [finding.subject, ...finding.alsoIn].map(code).join(', ');
  return [
    `**Fix:** ${text(finding.fix)}`,
    `**In:** ${files}`,
    ...(chain.length > 1 ? [`**Chain:** ${code(chainText(chain))}`] : []),
    ...(finding.hosts.length < hosts.length ? [`**On:** ${finding.hosts.map(text).join(', ')}`] : []),
    ...(finding.known ? ['**Known:** documented in the manifest'] : []),
    ...(finding.accepted === undefined ? [] : [`**Accepted:** ${text(finding.accepted)}`]),
    `**Kind:** ${code(kind)}`,
  ];
}
