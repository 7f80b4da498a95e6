import type { ClosureDocument } from './json-closure.ts';
import { originText } from './origin.ts';
import { printable } from '../printable.ts';

/** Closures as one Mermaid flow chart, each in a subgraph of its own. */
export function mermaid(trees: readonly ClosureDocument[]): string {
  const lines = trees.flatMap((tree, index) => [
    `subgraph t${index} [${quoted(tree.entry)}]`,
    ...subgraph(tree, `t${index}`).map(line => `  ${line}`),
    'end',
  ]);
  return `flowchart LR\n${lines.map(line => `  ${line}\n`).join('')}  classDef missing stroke:#c00,color:#c00,stroke-dasharray:4\n`;
}

function subgraph({ objects, loader, missing }: ClosureDocument, prefix: string): string[] {
  const lines = objects.map(({ id, path }) => `${prefix}o${id}[${quoted(path)}]`);
  if (loader && loader.id === objects.length) lines.push(`${prefix}o${loader.id}([${quoted(loader.path)}])`);
  for (const { id, edges } of objects)
    for (const { to, origin } of edges)
      if (to !== null)
        lines.push(`${prefix}o${id} -->${origin ? `|${quoted(originText(origin))}|` : ''} ${prefix}o${to}`);
  const names = [...new Set(missing.map(({ name }) => name))];
  names.forEach((name, index) => lines.push(`${prefix}m${index}[${quoted(name)}]:::missing`));
  for (const { name, requester } of missing)
    lines.push(`${prefix}o${requester} -.->|"missing"| ${prefix}m${names.indexOf(name)}`);
  return lines;
}

/** Quoted text; what has a meaning in it stands as an entity (mermaid.js.org/syntax/flowchart.html). */
function quoted(text: string): string {
  return `"${printable(text).replace(/[#"`&<>\\]/g, character => `#${character.charCodeAt(0)};`)}"`;
}
