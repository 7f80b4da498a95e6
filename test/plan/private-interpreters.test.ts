import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PlanRequest } from '../../src/plan/request.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, holds, planOf, program, rootAt } from './plan.ts';

const at = scratch();
let roots = 0;

const files: Files = {
  ...base,
  '/usr/bin/env': program(),
  '/usr/bin/python3.11': program(),
  '/usr/bin/python3': { link: 'python3.11' },
  '/usr/bin/app': { text: '#!/usr/bin/python3 -E\nimport tool\n' },
  '/usr/lib/python3.11/os.py': { text: '' },
  '/usr/lib/python3/dist-packages/tool.py': { text: '' },
};

const PRIVATE = '/usr/local/app';

function planIn(more: Files, paths: readonly string[], request: Partial<PlanRequest> = {}) {
  const all = { ...files, ...more };
  const root = at(`root ${++roots}`);
  const view = rootAt(root, all);
  for (const [file, recipe] of Object.entries(all))
    if ('text' in recipe && recipe.text.startsWith('#!')) fs.chmodSync(path.join(root, file), 0o755);
  return planOf(view, paths, request);
}

/** As the package of a dependency, which the package of the script has. */
const PYTHON = {
  path: '/usr/bin/python3.11',
  kind: 'file',
  is: 'program',
  of: 'dependency',
  why: 'in the package python3.11',
} as const;

/** The new first line of a file of the tree. */
function firstLine({ files: planned }: ReturnType<typeof planOf>, target: string): string | undefined {
  const content = planned.find(file => file.target === target)?.content;
  const edit = content?.kind === 'copy' ? content.edits.find(({ kind }) => kind === 'first-line') : undefined;
  return edit?.kind === 'first-line' ? edit.after : undefined;
}

describe('an interpreter that only the first lines of scripts name', () => {
  it('goes to the private directory with its library, and leaves that of the host alone', () => {
    const plan = planIn({}, ['/usr/bin/app']);
    expect(holds(plan).filter(file => file.includes('py') || file.includes('/app/bin'))).toEqual([
      `${PRIVATE}/bin/python3.11`,
      `${PRIVATE}/lib/python3.11/os.py`,
      `${PRIVATE}/lib/python3/dist-packages/tool.py`,
    ]);
    expect(plan.entries).toEqual(['/usr/bin/app']);
    expect(firstLine(plan, '/usr/bin/app')).toBe(`#!${PRIVATE}/bin/python3.11 -E`);
  });

  it('does not take the private path of another one with the same name', () => {
    const more: Files = {
      '/usr/bin/tool8': program(),
      '/usr/local/bin/tool8': program({ data: 'another one\0' }),
      '/usr/bin/app': { text: '#!/usr/local/bin/tool8\n' },
      '/usr/bin/other': { text: '#!/usr/bin/tool8\n' },
    };
    const plan = planIn(more, ['/usr/bin/app', '/usr/bin/other']);
    expect(firstLine(plan, '/usr/bin/app')).toBe(`#!${PRIVATE}/local/bin/tool8`);
    expect(firstLine(plan, '/usr/bin/other')).toBe(`#!${PRIVATE}/bin/tool8`);
    expect(holds(plan).filter(file => file.includes('tool8'))).toEqual([
      `${PRIVATE}/bin/tool8`,
      `${PRIVATE}/local/bin/tool8`,
    ]);
  });

  it('keeps its place if it is Node, which looks for modules relative to itself', () => {
    const more: Files = {
      '/usr/bin/node': program(),
      '/usr/bin/app': { text: "#!/usr/bin/env node\nrequire('dep')\n" },
      '/usr/share/nodejs/dep/index.js': { text: '' },
    };
    const held = holds(planIn(more, ['/usr/bin/app']));
    expect(held).toContain('/usr/bin/node');
    expect(held).toContain('/usr/share/nodejs/dep/index.js');
    expect(held).not.toContain(`${PRIVATE}/bin/node`);
  });

  it.each([
    ['#!/usr/bin/env python3', `#!${PRIVATE}/bin/python3.11`],
    ['#!/usr/bin/env -S python3 -E -s', `#!${PRIVATE}/bin/python3.11 -E -s`],
    ['#! /usr/bin/python3.11', `#!${PRIVATE}/bin/python3.11`],
    ['#!/bin/python3', `#!${PRIVATE}/bin/python3.11`],
  ])('is started by the line “%s”, which becomes “%s”', (line, expected) => {
    const plan = planIn({ '/usr/bin/app': { text: `${line}\nimport tool\n` } }, ['/usr/bin/app']);
    expect(firstLine(plan, '/usr/bin/app')).toBe(expected);
  });

  it.each<[string, Files, readonly string[], Partial<PlanRequest>?]>([
    ['is an entry itself', {}, ['/usr/bin/app', '/usr/bin/python3']],
    [
      'is started by an absolute path in a script',
      { '/usr/bin/app': { text: '#!/usr/bin/python3\nrun("/usr/bin/python3")\n' } },
      ['/usr/bin/app'],
      { needs: 'candidate' },
    ],
    [
      'is started with variables',
      { '/usr/bin/app': { text: '#!/usr/bin/env -S X=1 python3\nimport tool\n' } },
      ['/usr/bin/app'],
    ],
    [
      'has a further name elsewhere, as in a virtual environment',
      { '/opt/app/bin/python': { link: '/usr/bin/python3' } },
      ['/usr/bin/app', '/opt/app'],
    ],
    [
      'has a library that a program embeds',
      {
        '/usr/bin/editor': program({ needed: ['libpython3.11.so.1.0', 'libc.so.6'] }),
        '/usr/lib/libpython3.11.so.1.0': { soname: 'libpython3.11.so.1.0' },
      },
      ['/usr/bin/app', '/usr/bin/editor'],
      { needs: 'recommended' },
    ],
  ])('stays where it is if it %s', (_, more, paths, request) => {
    const plan = planIn(more, paths, request);
    expect(holds(plan, PRIVATE).filter(file => file.includes('python'))).not.toContain(
      `${PRIVATE}/bin/python3.11`,
    );
    expect(holds(plan)).toEqual(
      expect.arrayContaining(['/usr/bin/python3.11', '/usr/bin/python3 -> python3.11']),
    );
    expect(firstLine(plan, '/usr/bin/app')).toBeUndefined();
  });

  it('goes to the private directory with a script that something else needs', () => {
    const plan = planIn(
      {
        '/usr/bin/main': program({ data: '/usr/lib/main/helper\0' }),
        '/usr/lib/main/helper': { text: '#!/usr/bin/python3\n' },
      },
      ['/usr/bin/main'],
      { needs: 'suggested' },
    );
    expect(firstLine(plan, '/usr/lib/main/helper')).toBe(`#!${PRIVATE}/bin/python3.11`);
    expect(holds(plan, '/usr/bin')).toEqual(['/usr/bin/main']);
  });

  it('stays where it is alone, while another one goes to the private directory', () => {
    const plan = planIn(
      {
        '/usr/bin/perl': program(),
        '/usr/bin/other': { text: '#!/usr/bin/perl\n' },
        '/usr/bin/app': { text: '#!/usr/bin/env -S X=1 python3\nimport tool\n' },
      },
      ['/usr/bin/app', '/usr/bin/other'],
    );
    expect(firstLine(plan, '/usr/bin/other')).toBe(`#!${PRIVATE}/bin/perl`);
    expect(holds(plan)).toContain('/usr/bin/python3 -> python3.11');
    expect(plan.remarks.filter(({ code }) => code === 'replaces-interpreter')).toEqual([
      {
        code: 'replaces-interpreter',
        file: '/usr/bin/python3',
        message: 'replaces the one of the host while the extension is merged, because /usr/bin/app names it',
      },
    ]);
  });

  it('goes to the private directory although a Perl script would start itself again, if a shell ran it', () => {
    const again = '#!/usr/bin/perl\neval \'exec /usr/bin/perl -S $0 ${1+"$@"}\'\n    if 0;\n';
    const plan = planIn({ '/usr/bin/perl': program(), '/usr/bin/tool': { text: again } }, ['/usr/bin/tool']);
    expect(firstLine(plan, '/usr/bin/tool')).toBe(`#!${PRIVATE}/bin/perl`);
  });

  it.each([
    ['stays where it is', 'ExecStart=/usr/bin/python3 /usr/lib/app/main.py', undefined],
    ['goes to the private directory', 'ExecStart=/usr/bin/app', `#!${PRIVATE}/bin/python3.11 -E`],
  ])('%s if a unit of the package says “%s”', (_, line, expected) => {
    const unit = '/usr/lib/systemd/system/app.service';
    const paths = [
      { path: '/usr/bin/app', kind: 'file', is: 'program', why: 'in the package app' },
      { path: unit, kind: 'file', is: 'resource', why: 'in the package app' },
      PYTHON,
    ] as const;
    const packages = { paths, files: [], reload: false, remarks: [] };
    const plan = planIn({ [unit]: { text: `[Service]\n${line}\n` } }, [], { packages });
    expect(firstLine(plan, '/usr/bin/app')).toBe(expected);
  });

  it('stays that of the host if the tree does not bring it, as for an example of a package', () => {
    const example = '/usr/share/app/example';
    const paths = [
      { path: '/usr/bin/app', kind: 'file', is: 'program', why: 'in the package app' },
      { path: example, kind: 'file', is: 'resource', why: 'in the package app' },
      PYTHON,
    ] as const;
    const packages = { paths, files: [], reload: false, remarks: [] };
    const more: Files = { '/usr/bin/perl': program(), [example]: { text: '#!/usr/bin/perl\n' } };
    const plan = planIn(more, [], { packages, needs: 'recommended' });
    expect(plan.needs.find(({ what }) => what === '/usr/bin/perl')).toMatchObject({ verdict: 'open' });
    expect(firstLine(plan, example)).toBeUndefined();
    expect(firstLine(plan, '/usr/bin/app')).toBe(`#!${PRIVATE}/bin/python3.11 -E`);
  });

  it('goes to the private directory although a script that came with a directory names its path', () => {
    const example = '#!/usr/bin/python3\nrun("/usr/bin/python3")\n';
    const plan = planIn({ '/opt/app/example': { text: example } }, ['/usr/bin/app', '/opt/app']);
    expect(holds(plan)).toContain(`${PRIVATE}/bin/python3.11`);
    expect(firstLine(plan, '/opt/app/example')).toBe(`#!${PRIVATE}/bin/python3.11`);
    const need = plan.needs.find(({ evidence }) => evidence.file === '/opt/app/example');
    expect(need).toMatchObject({ what: '/usr/bin/python3', verdict: 'open' });
  });

  it('stays where it is if the first line would become longer than kernels read', () => {
    const prefix = `/usr/local/${'x'.repeat(110)}`;
    expect(firstLine(planIn({}, ['/usr/bin/app'], { prefix }), '/usr/bin/app')).toBeUndefined();
  });
});
