import { describe, expect, it } from 'vitest';
import type { AuditFinding } from '../../src/audit/audit.ts';
import { chainGraph } from '../../src/report/chain-svg.ts';
import { leak } from './findings.ts';

const extension = { kind: 'extension', name: 'app', type: 'sysext' } as const;
const object = (path: string) => ({ name: path, path, provider: extension, origin: null });
const lost = (name: string) => ({ name, path: null, provider: null, origin: null });

const drawn = (...findings: Partial<AuditFinding>[]) => {
  const { nodes, edges } = chainGraph(findings.map(finding => leak('x', finding)));
  return {
    nodes: nodes.map(({ link: { name }, depth, culprit }) => [name, depth, culprit]),
    edges: edges.map(({ from, to, severity }) => [from.link.name, to.link.name, severity]),
  };
};

describe('chainGraph', () => {
  it('draws what chains share once, at its greatest depth and with its highest severity', () => {
    expect(
      drawn(
        { chain: [object('/a'), object('/b'), lost('c')] },
        { chain: [object('/d'), object('/a'), object('/b'), lost('c')], severity: 'info' },
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

  it('draws a path once for each provider', () => {
    const host = { ...object('/b'), provider: { kind: 'host' } as const };
    expect(drawn({ chain: [object('/b'), host] }).nodes).toHaveLength(2);
  });

  it('draws nothing for a finding without a chain', () => {
    expect(drawn({ chain: [object('/a')] }, { chain: [] })).toEqual({ nodes: [], edges: [] });
  });
});
