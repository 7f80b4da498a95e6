import type { Audit, AuditFinding } from '../audit/audit.ts';
import type { Page } from '../audit/finding.ts';
import { chainSvg } from './chain-svg.ts';
import { chainText, severityNames, tally } from './findings.ts';
import { grouped } from './grouped.ts';
import { htmlText as text } from './markup.ts';

/** Allows no script, image or other site, so that a name that was not escaped could do no harm. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * Prints findings as one self-contained page: a graph of all chains, then the findings, the most severe first.
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
    ...(finding.known ? [['Known', 'documented in the manifest']] : []),
    ...(accepted === undefined ? [] : [['Accepted', text(accepted)]]),
  ];
  return `<article class="${severity}" id="finding-${index}">
<p><code>${text(extension)}</code>: ${text(message)}</p>
<dl>${facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join('\n')}</dl>
</article>
`;
}

/** Follows the viewer's light or dark colour scheme, and fetches nothing. */
const findingsCss = `
:root { color-scheme: light dark; --text: #1b1f24; --page: #fff; --box: #f4f5f7; --line: #c3c8cf;
  --error: #b3141d; --warning: #8a5300; --info: #0b5cad; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e4e7eb; --page: #14171b; --box: #20252b; --line: #4a525c;
    --error: #ff8a85; --warning: #f0b04a; --info: #7cb7ff; }
}
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: var(--text); background: var(--page); }
code, svg text { font-family: ui-monospace, monospace; font-size: 0.875em; overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
h2.error { color: var(--error); }
h2.warning { color: var(--warning); }
h2.info { color: var(--info); }
article { margin: 1rem 0; padding: 0.5rem 1rem; background: var(--box); border-left: 4px solid var(--line); }
article.error { border-color: var(--error); }
article.warning { border-color: var(--warning); }
article.info { border-color: var(--info); }
article:target { outline: 2px solid currentColor; }
article p, dl { margin: 0.25rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.graph { overflow: auto; max-height: 40rem; border: 1px solid var(--line); }
svg path { fill: none; stroke: var(--line); stroke-width: 1.5; }
svg rect { fill: var(--box); stroke: var(--line); stroke-width: 1.5; }
svg text { fill: var(--text); font-size: 12px; }
svg text.by { font-size: 10px; opacity: 0.75; }
svg .error { stroke: var(--error); } svg .warning { stroke: var(--warning); } svg .info { stroke: var(--info); }
svg g.error, svg g.warning, svg g.info { stroke: none; }
svg g.error rect { stroke: var(--error); } svg g.warning rect { stroke: var(--warning); }
svg g.info rect { stroke: var(--info); }
svg .lost rect { stroke-dasharray: 5 4; }
`;
