import type { ClosureDocument } from './json-closure.ts';
import { originText } from './origin.ts';
import { printable } from '../printable.ts';

/** Draws closures as one Graphviz digraph, each in a cluster of its own. */
export function dot(trees: readonly ClosureDocument[]): string {
  const clusters = trees.map((tree, index) => cluster(tree, `t${index}`));
  return `digraph flix {\n  rankdir=LR;\n  node [shape=box, fontname="sans-serif"];\n  edge [fontname="sans-serif", fontsize=10];\n${clusters.join('')}}\n`;
}

function cluster({ entry, objects, loader, missing }: ClosureDocument, prefix: string): string {
  const lines = [`label=${dotQuoted(entry)};`];
  for (const { id, path, root } of objects)
    lines.push(
      `${prefix}o${id} [label=${dotQuoted(path)}, tooltip=${dotQuoted(root)}${id === 0 ? ', style=bold' : ''}];`,
    );
  if (loader && loader.id === objects.length)
    lines.push(
      `${prefix}o${loader.id} [label=${dotQuoted(loader.path)}, tooltip=${dotQuoted(loader.root)}, style=dotted];`,
    );
  for (const { id, edges } of objects)
    for (const { to, origin } of edges)
      if (to !== null)
        lines.push(
          `${prefix}o${id} -> ${prefix}o${to} [label=${dotQuoted(origin ? originText(origin) : '')}];`,
        );
  const names = [...new Set(missing.map(({ name }) => name))];
  names.forEach((name, index) =>
    lines.push(`${prefix}m${index} [label=${dotQuoted(name)}, color=red, fontcolor=red, style=dashed];`),
  );
  for (const { name, requester } of missing)
    lines.push(
      `${prefix}o${requester} -> ${prefix}m${names.indexOf(name)} [label="missing", color=red, fontcolor=red];`,
    );
  return `  subgraph cluster_${prefix} {\n${lines.map(line => `    ${line}\n`).join('')}  }\n`;
}

/** Quotes an ID. Backslashes are doubled, since they start an escape in labels (graphviz.org/doc/info/attrs.html#k:escString). */
function dotQuoted(text: string): string {
  return `"${printable(text).replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`;
}

/** Draws closures as one Mermaid flow chart, each in a subgraph of its own. */
export function mermaid(trees: readonly ClosureDocument[]): string {
  const lines = trees.flatMap((tree, index) => [
    `subgraph t${index} [${mermaidQuoted(tree.entry)}]`,
    ...subgraph(tree, `t${index}`).map(line => `  ${line}`),
    'end',
  ]);
  return `flowchart LR\n${lines.map(line => `  ${line}\n`).join('')}  classDef missing stroke:#c00,color:#c00,stroke-dasharray:4\n`;
}

function subgraph({ objects, loader, missing }: ClosureDocument, prefix: string): string[] {
  const lines = objects.map(({ id, path }) => `${prefix}o${id}[${mermaidQuoted(path)}]`);
  if (loader && loader.id === objects.length)
    lines.push(`${prefix}o${loader.id}([${mermaidQuoted(loader.path)}])`);
  for (const { id, edges } of objects)
    for (const { to, origin } of edges)
      if (to !== null)
        lines.push(
          `${prefix}o${id} -->${origin ? `|${mermaidQuoted(originText(origin))}|` : ''} ${prefix}o${to}`,
        );
  const names = [...new Set(missing.map(({ name }) => name))];
  names.forEach((name, index) => lines.push(`${prefix}m${index}[${mermaidQuoted(name)}]:::missing`));
  for (const { name, requester } of missing)
    lines.push(`${prefix}o${requester} -.->|"missing"| ${prefix}m${names.indexOf(name)}`);
  return lines;
}

/** Quotes text, with special characters as entities (mermaid.js.org/syntax/flowchart.html). */
function mermaidQuoted(text: string): string {
  return `"${printable(text).replace(/[#"`&<>\\]/g, character => `#${character.charCodeAt(0)};`)}"`;
}
