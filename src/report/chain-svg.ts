import type { AuditFinding } from '../audit/audit.ts';
import { type ChainGraph, chainGraph, type GraphEdge, type GraphNode } from './chain-graph.ts';
import { grouped } from './grouped.ts';
import { htmlText } from './markup.ts';

/** In pixels of the drawing. */
const BOX = { width: 230, height: 38, across: 80, down: 14, margin: 12 } as const;
/** As many characters as a box is wide. */
const LETTERS = 29;

interface Place {
  readonly x: number;
  readonly y: number;
}

/** The chains of findings, left to right from programs to culprits; `''`: none has one. */
export function chainSvg(findings: readonly AuditFinding[]): string {
  const graph = chainGraph(findings);
  if (graph.nodes.length === 0) return '';
  const places = layout(graph);
  const width = Math.max(...[...places.values()].map(({ x }) => x)) + BOX.width + BOX.margin;
  const height = Math.max(...[...places.values()].map(({ y }) => y)) + BOX.height + BOX.margin;
  const lines = [
    ...graph.edges.map(edge => edgeSvg(edge, places)),
    ...graph.nodes.map(node => nodeSvg(node, places.get(node)!, findings)),
  ];
  return `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Who needs whom">\n${lines.join('\n')}\n</svg>`;
}

/** One column for each depth; in it, each stands as near as it can to those that need it. */
function layout({ nodes, edges }: ChainGraph): Map<GraphNode, Place> {
  const places = new Map<GraphNode, Place>();
  const needing = needingOf(edges);
  const columns = grouped(
    [...nodes].sort((a, b) => a.depth - b.depth),
    ({ depth }) => String(depth),
  );
  for (const column of columns.values()) {
    const wish = new Map(
      column.map(node => [node, mean((needing.get(node) ?? []).flatMap(at => places.get(at)?.y ?? []))]),
    );
    column.sort((a, b) => wish.get(a)! - wish.get(b)!);
    for (const [row, node] of column.entries())
      places.set(node, {
        x: BOX.margin + node.depth * (BOX.width + BOX.across),
        y: BOX.margin + row * (BOX.height + BOX.down),
      });
  }
  return places;
}

function needingOf(edges: readonly GraphEdge[]): Map<GraphNode, GraphNode[]> {
  const needing = new Map<GraphNode, GraphNode[]>();
  for (const { from, to } of edges) needing.set(to, [...(needing.get(to) ?? []), from]);
  return needing;
}

function mean(numbers: readonly number[]): number {
  return numbers.length === 0 ? 0 : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function edgeSvg({ from, to, severity }: GraphEdge, places: ReadonlyMap<GraphNode, Place>): string {
  const [start, end] = [places.get(from)!, places.get(to)!];
  const [x, y] = [start.x + BOX.width, start.y + BOX.height / 2];
  const below = end.y + BOX.height / 2;
  const bend = BOX.across / 2;
  return `<path class="${severity}" d="M${x} ${y}C${x + bend} ${y} ${end.x - bend} ${below} ${end.x} ${below}"/>`;
}

function nodeSvg({ step, culprit }: GraphNode, { x, y }: Place, findings: readonly AuditFinding[]): string {
  const severity = culprit === undefined ? '' : ` ${findings[culprit]!.severity}`;
  const lost = step.path === null ? ' lost' : '';
  const by = providedBy(step);
  const label = step.path?.slice(step.path.lastIndexOf('/') + 1) ?? step.name;
  const drawing =
    `<g class="node${severity}${lost}" transform="translate(${x} ${y})"><title>${htmlText(`${step.path ?? step.name}: ${by}`)}</title>` +
    `<rect width="${BOX.width}" height="${BOX.height}" rx="5"/>` +
    `<text x="9" y="16">${htmlText(shortened(label))}</text><text class="by" x="9" y="30">${htmlText(shortened(by))}</text></g>`;
  return culprit === undefined ? drawing : `<a href="#finding-${culprit}">${drawing}</a>`;
}

/** Its end tells one version of a library from another. */
function shortened(text: string): string {
  const letters = Array.from(text);
  const half = (LETTERS - 1) / 2;
  return letters.length <= LETTERS
    ? text
    : [...letters.slice(0, half), '…', ...letters.slice(-half)].join('');
}

function providedBy({ provider }: GraphNode['step']): string {
  if (provider === null) return 'not found';
  return provider.kind === 'host' ? 'the host' : `extension ${provider.name}`;
}
