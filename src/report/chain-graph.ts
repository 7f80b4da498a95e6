import type { AuditFinding } from '../audit/audit.ts';
import type { Severity, ChainLink } from '../audit/finding.ts';

/** An object in the chains of findings, or a name that nothing was found for. */
export interface GraphNode {
  readonly step: ChainLink;
  /** How far from a program it is at most; programs are 0. */
  depth: number;
  /** The first finding that ends here: its index, and as the findings are sorted the worst. */
  culprit: number | undefined;
}

export interface GraphEdge {
  readonly from: GraphNode;
  readonly to: GraphNode;
  /** Of the worst finding whose chain leads over it. */
  readonly severity: Severity;
}

export interface ChainGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** @param findings the worst first */
export function chainGraph(findings: readonly AuditFinding[]): ChainGraph {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  for (const [index, { chain, severity }] of findings.entries()) {
    if (chain.length < 2) continue;
    let from: GraphNode | undefined;
    for (const [depth, step] of chain.entries()) {
      const key = keyOf(step);
      const node: GraphNode = nodes.get(key) ?? { step, depth, culprit: undefined };
      nodes.set(key, node);
      node.depth = Math.max(node.depth, depth);
      const edge = from && `${keyOf(from.step)}\0${key}`;
      if (from && edge !== undefined && !edges.has(edge)) edges.set(edge, { from, to: node, severity });
      from = node;
    }
    if (from) from.culprit ??= index;
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

function keyOf({ path, name, provider }: ChainLink): string {
  const by = provider?.kind === 'extension' ? `${provider.type} ${provider.name}` : (provider?.kind ?? '');
  return path === null ? `?${name}` : `${by}\0${path}`;
}
