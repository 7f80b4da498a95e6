import type { AuditFinding } from '../audit/audit.ts';
import { type ChainLink, providerText, type Severity } from '../audit/finding.ts';
import { grouped } from './grouped.ts';
import { htmlText } from './markup.ts';

/** An object in the chains of findings, or a name for which nothing was found. */
interface GraphNode {
  readonly link: ChainLink;
  /** The longest distance from a program; a program has 0. */
  depth: number;
  /** The index of the first finding whose chain ends here. Findings are sorted, so it is the most severe one. */
  culprit: number | undefined;
}

interface GraphEdge {
  readonly from: GraphNode;
  readonly to: GraphNode;
  /** That of the most severe finding whose chain contains the edge. */
  readonly severity: Severity;
}

interface ChainGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/**
 * Joins the chains of findings into one graph.
 * @param findings the most severe first
 */
export function chainGraph(findings: readonly AuditFinding[]): ChainGraph {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  for (const [index, { chain, severity }] of findings.entries()) {
    if (chain.length < 2) continue;
    let from: GraphNode | undefined;
    for (const [depth, link] of chain.entries()) {
      const key = keyOf(link);
      const node: GraphNode = nodes.get(key) ?? { link, depth, culprit: undefined };
      nodes.set(key, node);
      node.depth = Math.max(node.depth, depth);
      const edge = from && `${keyOf(from.link)}\0${key}`;
      if (from && edge !== undefined && !edges.has(edge)) edges.set(edge, { from, to: node, severity });
      from = node;
    }
    if (from) from.culprit ??= index;
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

function keyOf({ path, name, provider }: ChainLink): string {
  return path === null ? `?${name}` : `${provider ? providerText(provider) : ''}\0${path}`;
}

/** Sizes in pixels. */
const BOX = { width: 230, height: 38, across: 80, down: 14, margin: 12 } as const;
/** How many characters fit into a box. */
const LETTERS = 29;

/** The top left corner of a box. */
interface Position {
  readonly x: number;
  readonly y: number;
}

/** Draws the chains of findings, from programs on the left to culprits on the right; `''` if there are no chains. */
export function chainSvg(findings: readonly AuditFinding[]): string {
  const graph = chainGraph(findings);
  if (graph.nodes.length === 0) return '';
  const positions = layout(graph);
  const width = Math.max(...[...positions.values()].map(({ x }) => x)) + BOX.width + BOX.margin;
  const height = Math.max(...[...positions.values()].map(({ y }) => y)) + BOX.height + BOX.margin;
  const lines = [
    ...graph.edges.map(edge => edgeSvg(edge, positions)),
    ...graph.nodes.map(node => nodeSvg(node, positions.get(node)!, findings)),
  ];
  return `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Chains from programs to culprits">\n${lines.join('\n')}\n</svg>`;
}

/** Puts each depth into a column, and each node of it as close as possible to the nodes that need it. */
function layout({ nodes, edges }: ChainGraph): Map<GraphNode, Position> {
  const positions = new Map<GraphNode, Position>();
  const requesters = requestersOf(edges);
  const columns = grouped(
    [...nodes].sort((a, b) => a.depth - b.depth),
    ({ depth }) => String(depth),
  );
  for (const column of columns.values()) {
    const ideal = new Map(
      column.map(node => [
        node,
        mean((requesters.get(node) ?? []).flatMap(requester => positions.get(requester)?.y ?? [])),
      ]),
    );
    column.sort((a, b) => ideal.get(a)! - ideal.get(b)!);
    for (const [row, node] of column.entries())
      positions.set(node, {
        x: BOX.margin + node.depth * (BOX.width + BOX.across),
        y: BOX.margin + row * (BOX.height + BOX.down),
      });
  }
  return positions;
}

function requestersOf(edges: readonly GraphEdge[]): Map<GraphNode, GraphNode[]> {
  const requesters = new Map<GraphNode, GraphNode[]>();
  for (const { from, to } of edges) requesters.set(to, [...(requesters.get(to) ?? []), from]);
  return requesters;
}

function mean(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function edgeSvg({ from, to, severity }: GraphEdge, positions: ReadonlyMap<GraphNode, Position>): string {
  const [start, end] = [positions.get(from)!, positions.get(to)!];
  const [x, y] = [start.x + BOX.width, start.y + BOX.height / 2];
  const below = end.y + BOX.height / 2;
  const bend = BOX.across / 2;
  return `<path class="${severity}" d="M${x} ${y}C${x + bend} ${y} ${end.x - bend} ${below} ${end.x} ${below}"/>`;
}

function nodeSvg(
  { link: { path, name, provider }, culprit }: GraphNode,
  { x, y }: Position,
  findings: readonly AuditFinding[],
): string {
  const severity = culprit === undefined ? '' : ` ${findings[culprit]!.severity}`;
  const lost = path === null ? ' lost' : '';
  const by = provider ? providerText(provider) : 'not found';
  const label = path?.slice(path.lastIndexOf('/') + 1) ?? name;
  const drawing =
    `<g class="node${severity}${lost}" transform="translate(${x} ${y})"><title>${htmlText(`${path ?? name}: ${by}`)}</title>` +
    `<rect width="${BOX.width}" height="${BOX.height}" rx="5"/>` +
    `<text x="9" y="16">${htmlText(shortened(label))}</text><text class="by" x="9" y="30">${htmlText(shortened(by))}</text></g>`;
  return culprit === undefined ? drawing : `<a href="#finding-${culprit}">${drawing}</a>`;
}

/** Cuts out the middle: the end of a name tells one version of a library from another. */
function shortened(text: string): string {
  const letters = Array.from(text);
  const half = (LETTERS - 1) / 2;
  return letters.length <= LETTERS
    ? text
    : [...letters.slice(0, half), '…', ...letters.slice(-half)].join('');
}
