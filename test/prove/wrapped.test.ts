import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildTree } from '../../src/write/build-tree.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { proveWrapped } from '../../src/prove/wrapped.ts';
import { listener, scratch } from '../io/scratch.ts';
import { PREFIX, wrapPlanOf, wrapRoot } from '../plan/flatwrap/plan.ts';

const at = scratch();

/** A tree whose loader is a stand-in, which nobody can ask. */
async function built(): Promise<Plan> {
  const plan = wrapPlanOf(wrapRoot(at('root')), ['/usr/bin/app']);
  fs.mkdirSync(at('tree'));
  await buildTree(plan, at('tree'), { replaces: undefined, progress: listener() });
  return plan;
}

const prove = (plan: Plan) => proveWrapped(plan, plan.wrapped!, at('tree'), false);

describe('proveWrapped', () => {
  it('resolves closures in the staged root if the loader may not run', async () => {
    const plan = await built();
    // the program and unshare
    expect(await prove(plan)).toMatchObject({ listed: 0, resolved: 2, notRun: '--no-run was given' });
  });

  it.each([
    ['a missing file', `${PREFIX}/usr/bin/app`, (path: string) => fs.unlinkSync(path), /it is missing/],
    [
      'a truncated file',
      `${PREFIX}/usr/bin/app`,
      (path: string) => fs.truncateSync(path, 9),
      /it has 9 bytes/,
    ],
    [
      'a wrapper with a syntax error',
      '/usr/bin/app',
      (path: string) => fs.writeFileSync(path, 'if'),
      /^\/usr\/bin\/app: /,
    ],
    [
      'a link with another target',
      `${PREFIX}/lib`,
      (path: string) => {
        fs.unlinkSync(path);
        fs.symlinkSync('/lib', path);
      },
      /it points to \/lib/,
    ],
  ] as const)('finds %s', async (_, place, spoil, message) => {
    const plan = await built();
    spoil(at('tree', place));
    await expect(prove(plan)).rejects.toThrow(message);
  });
});
