import type { ClosureDocument } from './json-closure.ts';
import { originText } from './origin.ts';
import { printable } from '../printable.ts';

/** Closures as one Graphviz digraph, each in a cluster of its own. */
export function dot(trees: readonly ClosureDocument[]): string {
  const clusters = trees.map((tree, index) => cluster(tree, `t${index}`));
  return `digraph flix {\n  rankdir=LR;\n  node [shape=box, fontname="sans-serif"];\n  edge [fontname="sans-serif", fontsize=10];\n${clusters.join('')}}\n`;
}

function cluster({ entry, objects, loader, missing }: ClosureDocument, prefix: string): string {
  const lines = [`label=${quoted(entry)};`];
  for (const { id, path, root } of objects)
    lines.push(
      `${prefix}o${id} [label=${quoted(path)}, tooltip=${quoted(root)}${id === 0 ? ', style=bold' : ''}];`,
    );
  if (loader && loader.id === objects.length)
    lines.push(
      `${prefix}o${loader.id} [label=${quoted(loader.path)}, tooltip=${quoted(loader.root)}, style=dotted];`,
    );
  for (const { id, edges } of objects)
    for (const { to, origin } of edges)
      if (to !== null)
        lines.push(`${prefix}o${id} -> ${prefix}o${to} [label=${quoted(origin ? originText(origin) : '')}];`);
  const names = [...new Set(missing.map(({ name }) => name))];
  names.forEach((name, index) =>
    lines.push(`${prefix}m${index} [label=${quoted(name)}, color=red, fontcolor=red, style=dashed];`),
  );
  for (const { name, requester } of missing)
    lines.push(
      `${prefix}o${requester} -> ${prefix}m${names.indexOf(name)} [label="missing", color=red, fontcolor=red];`,
    );
  return `  subgraph cluster_${prefix} {\n${lines.map(line => `    ${line}\n`).join('')}  }\n`;
}

/** A quoted ID; a backslash would begin an escape of labels (graphviz.org/doc/info/attrs.html#k:escString). */
function quoted(text: string): string {
  return `"${printable(text).replace(/\\/g, '\\\\').replace(/"/g, '\\"')}"`;
}
