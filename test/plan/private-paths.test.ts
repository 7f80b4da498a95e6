import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { base, holds, planOf, rootAt } from './plan.ts';
import { edits, pam } from './redirected.ts';

const at = scratch();

describe('PrivatePaths', () => {
  it('lead through a link with a short name where a path is too short for the private one', () => {
    const name = 'an-extension-with-a-long-name';
    const plan = planOf(rootAt(at('root'), { ...base, ...pam }), ['/usr/bin/app'], {
      name,
      prefix: `/usr/local/${name}`,
    });
    const [edit] = edits(plan, `/usr/local/${name}/lib/libpam.so.0`);
    const link = /→ (\/usr)\/+(\.[0-9a-f]{12})$/.exec(edit!)!;
    expect(holds(plan, '/usr/.')).toEqual([`${link[1]}/${link[2]} -> local/${name}/lib/security`]);
  });
});
