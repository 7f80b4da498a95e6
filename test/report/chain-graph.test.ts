import { describe, expect, it } from 'vitest';
import type { AuditFinding } from '../../src/audit/audit.ts';
import { chainGraph } from '../../src/report/chain-graph.ts';
import { leak } from './findings.ts';

const extension = { kind: 'extension', name: 'app', type: 'sysext' } as const;
const step = (path: string) => ({ name: path, path, provider: extension, origin: null });
const lost = (name: string) => ({ name, path: null, provider: null, origin: null });

const drawn = (...findings: Partial<AuditFinding>[]) => {
  const { nodes, edges } = chainGraph(findings.map(finding => leak('x', finding)));
  return {
    nodes: nodes.map(({ step: { name }, depth, culprit }) => [name, depth, culprit]),
    edges: edges.map(({ from, to, severity }) => [from.step.name, to.step.name, severity]),
  };
};

describe('chainGraph', () => {
  it('holds what chains share once, as deep as its longest way and as bad as its worst', () => {
    expect(
      drawn(
        { chain: [step('/a'), step('/b'), lost('c')] },
        { chain: [step('/d'), step('/a'), step('/b'), lost('c')], severity: 'info' },
      ),
    ).toEqual({
      nodes: [
        ['/a', 1, undefined],
        ['/b', 2, undefined],
        ['c', 3, 0],
        ['/d', 0, undefined],
      ],
      edges: [
        ['/a', '/b', 'error'],
        ['/b', 'c', 'error'],
        ['/d', '/a', 'info'],
      ],
    });
  });

  it('tells one path of two providers apart', () => {
    const host = { ...step('/b'), provider: { kind: 'host' } as const };
    expect(drawn({ chain: [step('/b'), host] }).nodes).toHaveLength(2);
  });

  it('draws nothing of a finding without a way', () => {
    expect(drawn({ chain: [step('/a')] }, { chain: [] })).toEqual({ nodes: [], edges: [] });
  });
});
