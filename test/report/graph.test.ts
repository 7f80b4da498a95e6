import { execaSync } from 'execa';
import { beforeAll, describe, expect, test } from 'vitest';
import { dot, mermaid } from '../../src/report/graph.ts';
import { type ClosureDocument, closureDocument } from '../../src/report/json-closure.ts';
import { has } from '../lab/requires.ts';
import { closureOf, files, nasty, root } from './root.ts';

let trees: readonly ClosureDocument[];
beforeAll(() => {
  const small = root(files);
  trees = ['/usr/bin/viewer', '/usr/bin/broken', nasty].map(path => closureDocument(closureOf(path, small)));
});

describe('dot', () => {
  test('draws objects, edges with their origin, and missing libraries', () => {
    const text = dot(trees.slice(1, 2));
    expect(text).toContain('t0o0 [label="/usr/bin/broken", tooltip="debian 12", style=bold];');
    expect(text).toContain('t0o0 -> t0o1 [label="RPATH $ORIGIN/../lib/broken of /usr/bin/broken"];');
    expect(text.match(/-> t0m0 /g)).toHaveLength(2);
  });

  test.runIf(has('tool:dot'))('is accepted by graphviz for any file name', () => {
    const { stdout } = execaSync('dot', ['-Tplain'], { input: dot(trees) });
    expect(stdout).toContain('lib\\"q\\" [#].so\\\\u{a}');
  });
});

describe('mermaid', () => {
  test('quotes every label and escapes all markup in it', () => {
    const text = mermaid(trees);
    for (const line of text.split('\n').filter(each => each.includes('"')))
      for (const [, label] of line.matchAll(/"([^"]*)"/g)) expect(label).not.toMatch(/[`<>&\\]|#(?!\d+;)/);
    expect(text).toContain('t1o0 -.->|"missing"| t1m0');
    expect(text.split('\n').every(line => (line.match(/"/g) ?? []).length % 2 === 0)).toBe(true);
  });

  test('draws one subgraph for each entry', () => {
    expect(mermaid(trees.slice(0, 1))).toMatchInlineSnapshot(`
      "flowchart LR
        subgraph t0 ["/usr/bin/viewer"]
          t0o0["/usr/bin/viewer"]
          t0o1["/lib/x86_64-linux-gnu/libpng.so.16"]
          t0o2["/lib/x86_64-linux-gnu/libc.so.6"]
          t0o3["/lib/x86_64-linux-gnu/libz.so.1"]
          t0o4["/lib/x86_64-linux-gnu/libm.so.6"]
          t0o5(["/lib64/ld-linux-x86-64.so.2"])
          t0o0 -->|"default /lib/x86_64-linux-gnu"| t0o1
          t0o0 -->|"default /lib/x86_64-linux-gnu"| t0o2
          t0o1 -->|"default /lib/x86_64-linux-gnu"| t0o3
          t0o1 -->|"default /lib/x86_64-linux-gnu"| t0o4
          t0o1 -->|"already loaded"| t0o2
          t0o2 -->|"the loader itself"| t0o5
          t0o3 -->|"already loaded"| t0o2
          t0o4 -->|"already loaded"| t0o2
        end
        classDef missing stroke:#c00,color:#c00,stroke-dasharray:4
      "
    `);
  });
});

describe('treeDocument', () => {
  test('gives every object the id that edges refer to', () => {
    const [viewer] = trees;
    const ids = new Set([...viewer!.objects.map(({ id }) => id), viewer!.loader!.id]);
    for (const { edges } of viewer!.objects) for (const { to } of edges) expect(ids).toContain(to);
    expect(viewer!.objects[1]).toMatchObject({
      path: '/lib/x86_64-linux-gnu/libpng.so.16',
      root: 'debian 12',
      soname: 'libpng.so.16',
      requester: 0,
      origin: { kind: 'default', element: '/lib/x86_64-linux-gnu/' },
    });
    expect(viewer!.objects.find(({ soname }) => soname === 'libz.so.1')?.real).toBe(
      '/lib/x86_64-linux-gnu/libz.so.1.2',
    );
  });

  test('lists missing libraries with every place searched, and describes the loader', () => {
    const [, broken] = trees;
    expect(broken!.missing.map(({ requester }) => broken!.objects[requester]!.path)).toEqual([
      '/usr/bin/broken',
      '/usr/bin/../lib/broken/libuser.so',
    ]);
    expect(broken!.missing[0]!.searched[0]).toEqual({
      origin: { kind: 'rpath', owner: '/usr/bin/broken', element: '$ORIGIN/../lib/broken' },
      path: '/usr/bin/../lib/broken/libgone.so.1',
      outcome: 'absent',
    });
    expect(broken!.loader).toMatchObject({ family: 'glibc', version: '2.36' });
    expect(broken!.loader!.defaultDirectories).toContain('/usr/lib/x86_64-linux-gnu/');
  });
});
