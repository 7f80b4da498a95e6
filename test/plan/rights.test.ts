import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scratch } from '../io/scratch.ts';
import { PREFIX, wrapPlanOf, wrapRoot } from './flatwrap/plan.ts';
import { type Files, LIB, planOf, program } from './plan.ts';

const at = scratch();

const files: Files = {
  '/usr/bin/app': program({ needed: ['libpam.so.0', 'libc.so.6'] }),
  '/usr/bin/other': program(),
  [`${LIB}/libpam.so.0`]: { soname: 'libpam.so.0', needed: ['libc.so.6'] },
};

describe('a setuid program that logs users in', () => {
  it('is reported in both modes, and no other setuid program is', () => {
    const root = wrapRoot(at('root'), files);
    const logins = ({ remarks }: ReturnType<typeof planOf>) =>
      remarks.filter(({ code }) => code === 'login-without-rights').map(({ file }) => file);
    const paths = ['/usr/bin/app', '/usr/bin/other'];
    expect(logins(planOf(root, paths))).toEqual([]);
    for (const path of paths) fs.chmodSync(at('root', path), 0o4755);
    const changed = wrapRoot(at('root-2'), files);
    for (const path of paths) fs.chmodSync(at('root-2', path), 0o4755);
    expect(logins(planOf(changed, paths))).toEqual(['/usr/bin/app']);
    expect(logins(wrapPlanOf(changed, paths))).toEqual([`${PREFIX}/usr/bin/app`]);
  });
});
