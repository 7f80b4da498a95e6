import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import type { PlanRequest } from '../../src/plan/request.ts';
import type { LoaderName } from '../lab/fixture.ts';
import { PREFIX, wrapPlanOf, wrapRoot } from './flatwrap/plan.ts';
import { base, type Files, LIB, planOf, PRIVATE, program, refusal, rootAt } from './plan.ts';

const at = scratch();
const PLUGIN = '/usr/lib/app/plugin.so';
const needing = { stack: 'executable' } as const;
const app: Files = { '/usr/bin/app': program(), [PLUGIN]: { soname: 'plugin.so', ...needing } };
const both = ['/usr/bin/app', '/usr/lib/app'];
let roots = 0;

const plan = (files: Files, paths: readonly string[], loader: LoaderName, more?: Partial<PlanRequest>) =>
  planOf(rootAt(at(`root-${roots++}`), { ...base, ...files }, loader), paths, more);
const remarks = (...given: Parameters<typeof plan>) =>
  plan(...given).remarks.filter(({ code }) => code === 'executable-stack');

describe('an object that needs an executable stack', () => {
  it('is named with the consequence and what to type, if programs open it at run time', () => {
    const [newer, ...others] = remarks(app, both, 'glibc-2.41');
    expect(newer).toMatchObject({ file: PLUGIN });
    expect(newer!.message).toContain(
      'needs an executable stack, which glibc 2.41 does not give to a running program, so that no program can open it',
    );
    expect(newer!.message).toContain(`“patchelf --clear-execstack ${PLUGIN}”`);
    expect(others).toEqual([]);
    const [older] = remarks(app, both, 'glibc');
    expect(older!.message).toContain(
      'which glibc 2.36 gives to a running program, but 2.41 and newer does not',
    );
  });

  it('is named by its path in the tree if a plugin needs it, or if it is opened by name', () => {
    const dependency: Files = {
      [PLUGIN]: { soname: 'plugin.so', needed: ['libdep.so.1'] },
      [`${LIB}/libdep.so.1`]: { soname: 'libdep.so.1', ...needing },
    };
    const file = `${PRIVATE}/libdep.so.1`;
    expect(remarks({ ...app, ...dependency }, both, 'glibc-2.41')).toMatchObject([{ file }]);
    const note = JSON.stringify([{ soname: ['libdep.so.1'], priority: 'required' }]);
    const opens = { ...dependency, '/usr/bin/app': program({ dlopenNote: note }) };
    expect(remarks(opens, ['/usr/bin/app'], 'glibc-2.41')).toMatchObject([{ file }]);
  });

  it.each<[string, Files]>([
    ['the program loads it at start', { '/usr/bin/app': program({ needed: ['libc.so.6', PLUGIN] }) }],
    ['the program’s own stack is executable', { '/usr/bin/app': program(needing) }],
    ['another program of the tree can open it', { '/usr/lib/app/helper': program(needing) }],
  ])('is not named if %s', (_, files) => {
    expect(remarks({ ...app, ...files }, both, 'glibc-2.41')).toEqual([]);
  });

  it('is refused if --dlopen names it and no program can open it', () => {
    const files: Files = { ...app, '/usr/lib/libx.so.1': { soname: 'libx.so.1', ...needing } };
    const dlopen = ['libx.so.1'];
    const found = refusal(() => plan(files, ['/usr/bin/app'], 'glibc-2.41', { dlopen }));
    expect(found.code).toBe('not-loadable');
    expect(found.message).toContain('/libx.so.1 needs an executable stack, which glibc 2.41 does not give');
    expect(remarks(files, ['/usr/bin/app'], 'glibc', { dlopen })).toMatchObject([
      { file: `${PRIVATE}/libx.so.1` },
    ]);
  });

  it('is named in Flatwrap mode, too', () => {
    const files: Files = { [PLUGIN]: { soname: 'plugin.so', ...needing } };
    const { remarks: all } = wrapPlanOf(wrapRoot(at('wrapped'), files), ['/usr/bin/app'], {
      includes: ['/usr/lib/app'],
    });
    expect(all).toMatchObject([{ code: 'executable-stack', file: `${PREFIX}${PLUGIN}` }]);
  });
});
