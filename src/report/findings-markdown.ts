import type { Audit, AuditFinding } from '../audit/audit.ts';
import type { Page } from '../audit/finding.ts';
import { chainText, severityNames, tally } from './findings.ts';
import { count } from './numbers.ts';
import { grouped } from './grouped.ts';
import { markdownCode as code, markdownText as text } from './markup.ts';

/** In characters. A comment on GitHub may have 65536; the closing line needs some of them. */
const MAX_LENGTH = 64_000;

/**
 * Prints findings for a pull request: a table of all kinds, and the details of each finding to unfold.
 * @param pages explanations by kind
 */
export function findingsMarkdown(audit: Audit, pages: ReadonlyMap<string, Page>): string {
  const { findings, hosts } = audit;
  const on = hosts.length === 0 ? 'no host was given' : `over ${hosts.map(text).join(', ')}`;
  const lines = [`**flix audit:** ${tally(findings)} (${on})`, ''];
  if (findings.length === 0) return lines.join('\n');
  const groups = [...grouped(findings, ({ severity, kind }) => `${severity} ${kind}`).values()];
  lines.push('| severity | finding | kind | number | extensions |', '| --- | --- | --- | --: | --- |');
  lines.push(...groups.map(group => row(group, pages)), '');
  return withDetails(lines.join('\n'), findings, audit);
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

function withDetails(head: string, findings: readonly AuditFinding[], audit: Audit): string {
  let document = head;
  for (const [index, finding] of findings.entries()) {
    const block = details(finding, audit);
    if (document.length + block.length > MAX_LENGTH)
      return `${document}\n${count(findings.length - index, 'finding')} more did not fit into this comment.\n`;
    document += block;
  }
  return document;
}

function details({ severity, kind, extension, message, chain, ...finding }: AuditFinding, { hosts }: Audit) {
  const files = [finding.subject, ...finding.alsoIn].map(code).join(', ');
  const items = [
    `**Fix:** ${text(finding.fix)}`,
    `**In:** ${files}`,
    ...(chain.length > 1 ? [`**Chain:** ${code(chainText(chain))}`] : []),
    ...(finding.hosts.length < hosts.length ? [`**On:** ${finding.hosts.map(text).join(', ')}`] : []),
    ...(finding.known ? ['**Known:** documented in the manifest'] : []),
    ...(finding.accepted === undefined ? [] : [`**Accepted:** ${text(finding.accepted)}`]),
    `**Kind:** ${code(kind)}`,
  ];
  const summary = `${severityNames[severity]}: ${code(extension)}: ${text(message)}`;
  // the empty line after the summary switches from HTML back to Markdown
  return `\n<details><summary>${summary}</summary>\n\n${items.map(item => `- ${item}\n`).join('')}\n</details>\n`;
}
