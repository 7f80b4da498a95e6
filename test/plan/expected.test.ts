import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { base, type Files, planOf, PRIVATE, program, rootAt } from './plan.ts';

const at = scratch();
let roots = 0;
const plan = (files: Files, paths: readonly string[]) =>
  planOf(rootAt(at(`root-${roots++}`), { ...base, ...files }), paths);
const expected = (files: Files, paths: readonly string[], object: string) =>
  plan(files, paths).expected.find(closure => closure.object === object);

/** The layout of a JDK: a library of one directory is found through the run path of another library there. */
const jdk: Files = {
  '/usr/lib/jdk/bin/java': program(),
  '/usr/lib/jdk/lib/libattach.so': { needed: ['libjvm.so', 'libc.so.6'] },
  '/usr/lib/jdk/lib/server/libjvm.so': { soname: 'libjvm.so', needed: ['libc.so.6'] },
  '/usr/lib/jdk/lib/server/libjsig.so': { runpath: '$ORIGIN', needed: ['libc.so.6'] },
};

describe('the closure that the finished tree must have', () => {
  it('contains a library that the private directory provides by a link for names opened at run time', () => {
    expect(expected(jdk, ['/usr/lib/jdk'], '/usr/lib/jdk/lib/libattach.so')).toEqual({
      object: '/usr/lib/jdk/lib/libattach.so',
      loads: ['/usr/lib/jdk/lib/server/libjvm.so', `${PRIVATE}/libc.so.6`],
      lacks: [],
      optional: true,
      unlisted: false,
    });
    expect(plan(jdk, ['/usr/lib/jdk']).remarks).toEqual([]);
  });

  it('lacks what an optional plugin lacks, and has the rest, wherever program and plugin are', () => {
    const files: Files = {
      '/opt/app/bin/app': program(),
      '/opt/app/plugins/plugin.so': { needed: ['libabsent.so.1', 'libm.so.6', 'libc.so.6'] },
      '/usr/lib/x86_64-linux-gnu/libm.so.6': { soname: 'libm.so.6', needed: ['libc.so.6'] },
    };
    expect(expected(files, ['/opt/app'], '/opt/app/plugins/plugin.so')).toEqual({
      object: '/opt/app/plugins/plugin.so',
      loads: [`${PRIVATE}/libc.so.6`, `${PRIVATE}/libm.so.6`],
      lacks: ['libabsent.so.1'],
      optional: true,
      unlisted: false,
    });
    expect(plan(files, ['/opt/app']).remarks.map(({ message }) => message)).toEqual([
      'libabsent.so.1 is missing',
    ]);
  });

  it('is not asked of a loader that would refuse the object for its symbol versions', () => {
    const files: Files = {
      '/opt/app/bin/app': program(),
      '/opt/app/plugin.so': { needed: ['libx.so.1'], verneed: { 'libx.so.1': ['X_2'] } },
      '/usr/lib/libx.so.1': { soname: 'libx.so.1', verdef: ['X_1'] },
    };
    expect(expected(files, ['/opt/app'], '/opt/app/plugin.so')?.unlisted).toBe(true);
  });

  it('takes hard links that get the same edits for one file', () => {
    const files: Files = {
      '/opt/app/bin/app': program({
        needed: ['libx.so.1', 'liby.so.1', 'libc.so.6'],
        runpath: '/opt/app/lib',
      }),
      '/opt/app/lib/libx.so.1': { needed: [] },
      '/opt/app/lib/liby.so.1': { hardlink: '/opt/app/lib/libx.so.1' },
    };
    expect(expected(files, ['/opt/app'], '/opt/app/bin/app')?.loads).toEqual([
      '/opt/app/lib/libx.so.1',
      `${PRIVATE}/libc.so.6`,
    ]);
  });
});
