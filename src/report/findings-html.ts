import type { Audit, AuditFinding } from '../audit/audit.ts';
import type { Page } from '../audit/finding.ts';
import { chainSvg } from './chain-svg.ts';
import { chainText } from './chain-text.ts';
import { findingsCss } from './findings-css.ts';
import { grouped } from './grouped.ts';
import { htmlText as text } from './markup.ts';
import { severityNames, tally } from './severity.ts';

/** No script, no image, no other place: were a name not escaped, nothing would come of it. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * Findings as one page that needs nothing else: the worst first, and the chains of all of them drawn as one graph.
 * @param pages explanations by kind
 */
export function findingsHtml(audit: Audit, pages: ReadonlyMap<string, Page>): string {
  const { findings, hosts, extensions } = audit;
  const names = extensions.map(({ name }) => `<code>${text(name)}</code>`).join(', ');
  const on = hosts.length === 0 ? 'no host was given' : `over ${hosts.map(text).join(', ')}`;
  const graph = chainSvg(findings);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width">
<title>flix audit: ${tally(findings)}</title>
<style>${findingsCss}</style>
</head>
<body>
<h1>${tally(findings)}</h1>
<p>${names} ${on}</p>
${graph === '' ? '' : `<div class="graph" tabindex="0">\n${graph}\n</div>\n`}${sections(audit, pages)}</body>
</html>
`;
}

function sections(audit: Audit, pages: ReadonlyMap<string, Page>): string {
  const numbered = audit.findings.map((finding, index) => ({ finding, index }));
  const groups = grouped(numbered, ({ finding: { severity, kind } }) => `${severity} ${kind}`);
  return [...groups.values()]
    .map(group => {
      const { severity, kind } = group[0]!.finding;
      const { title, means, matters } = pages.get(kind)!;
      return `<section>
<h2 class="${severity}">${severityNames[severity]}: ${text(title)}</h2>
<p><code>${text(kind)}</code></p>
<details><summary>What it means</summary><p>${text(means)}</p><p>${text(matters)}</p></details>
${group.map(({ finding, index }) => article(finding, index, audit)).join('')}</section>
`;
    })
    .join('');
}

function article(finding: AuditFinding, index: number, { hosts }: Audit): string {
  const { severity, extension, message, chain, accepted } = finding;
  const facts = [
    ['Fix', text(finding.fix)],
    ['In', [finding.subject, ...finding.alsoIn].map(path => `<code>${text(path)}</code>`).join(', ')],
    ...(chain.length > 1 ? [['Chain', `<code>${text(chainText(chain))}</code>`]] : []),
    ...(finding.hosts.length < hosts.length ? [['On', finding.hosts.map(text).join(', ')]] : []),
    ...(finding.known ? [['Known', 'named in the manifest']] : []),
    ...(accepted === undefined ? [] : [['Accepted', text(accepted)]]),
  ];
  return `<article class="${severity}" id="finding-${index}">
<p><code>${text(extension)}</code>: ${text(message)}</p>
<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('\n')}</dl>
</article>
`;
}
