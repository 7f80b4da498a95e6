import type { Audit, AuditFinding } from '../audit/audit.ts';
import { type Page, severities } from '../audit/finding.ts';
import { chainSvg } from './chain-svg.ts';
import {
  byKind,
  byObject,
  chainText,
  culpritNames,
  hostConsequence,
  type Matrix,
  matrixOf,
  severityNames,
  someNames,
  tally,
} from './findings.ts';
import { count } from './numbers.ts';
import { htmlText as text } from './markup.ts';

/** Allows no script, image or other site, so that a name that was not escaped could do no harm. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * Prints findings as one self-contained page: a table of extensions and hosts, a filter, an index of the kinds, the
 * findings, the most severe first, and a graph of all chains. Findings of one kind about one file are folded.
 *
 * @param pages explanations by kind
 */
export function findingsHtml(audit: Audit, pages: ReadonlyMap<string, Page>): string {
  const { findings, hosts, extensions } = audit;
  const names = extensions.map(({ name }) => `<code>${text(name)}</code>`).join(', ');
  const on = hosts.length === 0 ? 'no host was given' : `over ${hosts.map(text).join(', ')}`;
  const consequence = hostConsequence(findings);
  const graph = chainSvg(findings);
  const matrix = matrixOf(audit);
  const filter = filterOf(audit, matrix);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>flix audit: ${tally(findings)}</title>
<style>${findingsCss}${filter.css}</style>
</head>
<body>
<h1>${tally(findings)}</h1>
${consequence === undefined ? `<p>${names} ${on}</p>` : `<p class="consequence">${consequence}</p>`}
${table(matrix)}
${filter.inputs}<main>
${kindTable(findings, pages, filter.classesOf)}${sections(audit, pages, filter.classesOf)}</main>
${graph === '' ? '' : `<details class="graph"><summary>Graph of all chains, from programs to culprits</summary>\n<div tabindex="0">\n${graph}\n</div>\n</details>\n`}</body>
</html>
`;
}

function table({ columns, rows }: Matrix): string {
  const head = ['extension', ...columns].map(label => `<th scope="col">${text(label)}</th>`).join('');
  const body = rows.map(({ name, cells }) => {
    const tallies = cells.map(cell => `<td class="${cell.worst ?? 'none'}">${cell.tally}</td>`);
    return `<tr><th scope="row"><code>${text(name)}</code></th>${tallies.join('')}</tr>`;
  });
  return `<div class="matrix" tabindex="0"><table>\n<tr>${head}</tr>\n${body.join('\n')}\n</table></div>`;
}

interface Filter {
  readonly inputs: string;
  readonly css: string;
  /** Returns the classes by which the rules of the filter hide a finding. */
  readonly classesOf: (finding: AuditFinding) => string;
}

/** A choice of the filter. */
interface Input {
  readonly attributes: string;
  readonly id: string;
  readonly label: string;
  /** What it hides. */
  readonly css: string;
}

/** Makes a filter by severity, extension and host. It works without a script: its rules hide findings by their class. */
function filterOf({ findings, hosts }: Audit, { rows }: Matrix): Filter {
  const boxes = severities
    .filter(each => findings.some(({ severity }) => severity === each))
    .map((severity): Input => {
      const id = `show-${severity}`;
      const css = `body:has(#${id}:not(:checked)) main .${severity} { display: none; }`;
      const label = tally(findings.filter(finding => finding.severity === severity));
      return { attributes: 'type="checkbox" checked', id, label, css };
    });
  const extensions = [...new Set(rows.map(({ extension }) => extension))];
  const groups = [boxes, choices('extension', 'x', extensions), choices('host', 'h', hosts)].filter(
    ({ length }) => length > 1,
  );
  return {
    inputs: groups.map(group => `<fieldset>${group.map(inputHtml).join('\n')}</fieldset>\n`).join(''),
    css: groups
      .flat()
      .map(({ css }) => `${css}\n`)
      .join(''),
    classesOf: ({ extension, hosts: on }) =>
      [
        `x${extensions.indexOf(extension)}`,
        ...hosts.flatMap((host, index) => (on.length === 0 || on.includes(host) ? [`h${index}`] : [])),
      ].join(' '),
  };
}

/** Makes a button for each value, and one that shows everything; none for a single value. */
function choices(name: string, prefix: string, values: readonly string[]): Input[] {
  if (values.length < 2) return [];
  const radio = `type="radio" name="${name}"`;
  const buttons = values.map((label, index): Input => {
    const id = `${prefix}-${index}`;
    const hidden = (element: string) => `body:has(#${id}:checked) main ${element}:not(.${prefix}${index})`;
    const css = `${['tbody tr', 'section', 'article'].map(hidden).join(', ')} { display: none; }`;
    return { attributes: radio, id, label, css };
  });
  return [
    { attributes: `${radio} checked`, id: `${prefix}-all`, label: `every ${name}`, css: '' },
    ...buttons,
  ];
}

function inputHtml({ attributes, id, label }: Input): string {
  return `<label><input ${attributes} id="${id}"> ${text(label)}</label>`;
}

/** Returns a table of the kinds with links to their sections; empty if there is only one kind. */
function kindTable(
  findings: readonly AuditFinding[],
  pages: ReadonlyMap<string, Page>,
  classesOf: Filter['classesOf'],
): string {
  const groups = byKind(findings);
  if (groups.length < 2) return '';
  const rows = groups.map(group => {
    const { severity, kind } = group[0]!;
    const title = `<a href="#${sectionId(kind)}">${text(pages.get(kind)!.title)}</a>`;
    const names = [...new Set(group.map(({ extension }) => extension))];
    const shown = names.slice(0, MAX_NAMES).map(name => `<code>${text(name)}</code>`);
    const more = names.length > MAX_NAMES ? [`${names.length - MAX_NAMES} more`] : [];
    const cells = [title, String(group.length), [...shown, ...more].join(' ')].map(
      cell => `<td>${cell}</td>`,
    );
    const first = `<td class="${severity}">${severityNames[severity]}</td>`;
    return `<tr class="${groupClasses(group, classesOf)}">${first}${cells.join('')}</tr>`;
  });
  const head = ['severity', 'finding', 'number', 'extensions'].map(label => `<th scope="col">${label}</th>`);
  return `<div class="matrix" tabindex="0"><table class="index">\n<thead><tr>${head.join('')}</tr></thead>\n<tbody>\n${rows.join('\n')}\n</tbody>\n</table></div>\n`;
}

/** The number of extensions that the index names for each kind; further ones are counted. */
const MAX_NAMES = 6;

function sectionId(kind: string): string {
  return `kind-${kind.replace('/', '-')}`;
}

/** Returns the classes of a group of findings: the filter shows the group as long as it shows one of them. */
function groupClasses(group: readonly AuditFinding[], classesOf: Filter['classesOf']): string {
  const classes = new Set(group.flatMap(finding => classesOf(finding).split(' ')));
  return [...new Set([group[0]!.severity, ...classes])].join(' ');
}

function sections(audit: Audit, pages: ReadonlyMap<string, Page>, classesOf: Filter['classesOf']): string {
  const numbers = new Map(audit.findings.map((finding, index) => [finding, index]));
  return byKind(audit.findings)
    .map(group => {
      const { severity, kind } = group[0]!;
      const { title, means, matters } = pages.get(kind)!;
      const articles = byObject(group).map(findings => {
        const [first, ...others] = findings.map(finding =>
          article(finding, numbers.get(finding)!, audit, classesOf(finding)),
        );
        if (others.length === 0) return first;
        const more = `${count(others.length, 'finding')} more about ${text(findings[0]!.subject)}: ${text(someNames(culpritNames(findings.slice(1))))}`;
        return `${first}<details class="more"><summary>${more}</summary>\n${others.join('')}</details>\n`;
      });
      return `<section class="${groupClasses(group, classesOf)}" id="${sectionId(kind)}">
<h2 class="${severity}">${severityNames[severity]}: ${text(title)}</h2>
<p><code>${text(kind)}</code></p>
<details><summary>What it means</summary><p>${text(means)}</p><p>${text(matters)}</p></details>
${articles.join('')}</section>
`;
    })
    .join('');
}

function article(finding: AuditFinding, index: number, { hosts }: Audit, classes: string): string {
  const { severity, extension, message, chain, accepted } = finding;
  const facts = [
    ['Fix', text(finding.fix)],
    ['In', [finding.subject, ...finding.alsoIn].map(path => `<code>${text(path)}</code>`).join(', ')],
    ...(chain.length > 1 ? [['Chain', `<code>${text(chainText(chain))}</code>`]] : []),
    ...(finding.hosts.length < hosts.length ? [['On', finding.hosts.map(text).join(', ')]] : []),
    ...(finding.known ? [['Known', 'documented in the manifest']] : []),
    ...(accepted === undefined ? [] : [['Accepted', text(accepted)]]),
  ];
  return `<article class="${severity} ${classes}" id="finding-${index}">
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
p { overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
h1 { margin-bottom: 0.5rem; }
h2 { overflow-wrap: anywhere; }
.consequence { color: var(--error); font-weight: bold; }
.matrix { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; }
th, td { padding: 0.25rem 0.75rem; border: 1px solid var(--line); text-align: left; }
td.error { color: var(--error); font-weight: bold; } td.warning { color: var(--warning); }
td.info { color: var(--info); }
fieldset { margin: 0; padding: 0.25rem 0; border: 0; }
label { display: inline-block; margin-right: 1rem; overflow-wrap: anywhere; }
summary { cursor: pointer; overflow-wrap: anywhere; }
.more { margin: -0.5rem 0 1rem 1rem; }
.graph { margin-top: 2.5rem; }
.graph div { overflow: auto; max-height: 40rem; border: 1px solid var(--line); }
@media (max-width: 40rem) {
  body { margin: 1rem auto; padding: 0 0.75rem; }
  h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; }
  article { padding: 0.5rem 0.75rem; }
  dl { grid-template-columns: minmax(0, 1fr); } dt { font-weight: bold; }
}
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
