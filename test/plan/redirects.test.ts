import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PackagePlan } from '../../src/plan/packages/package-plan.ts';
import { layeredView } from '../../src/view/layers.ts';
import { directoryView } from '../../src/view/directory.ts';
import { scratch } from '../io/scratch.ts';
import { base, type Files, holds, LIB, planOf, program, rootAt } from './plan.ts';
import { edits, pam, verdict } from './redirected.ts';

const at = scratch();
let roots = 0;
const rootOf = (files: Files) => rootAt(at(`root-${roots++}`), { ...base, ...files });

describe('Redirects', () => {
  it('bring a directory that hosts have, too, to a private place, and edit the objects that contain its path', () => {
    const plan = planOf(rootOf(pam), ['/usr/bin/app']);
    expect(verdict(plan, `${LIB}/security`)).toEqual(['redirected', '/usr/local/app/lib/security']);
    expect(holds(plan, LIB)).toEqual([]);
    expect(holds(plan, '/usr/local/app/lib/security')).toEqual(['/usr/local/app/lib/security/pam_unix.so']);
    expect(edits(plan, '/usr/local/app/lib/libpam.so.0')).toEqual([
      '/lib/x86_64-linux-gnu/security → /usr/local/app////lib/security',
      '/lib/security → /dev/null/---',
    ]);
  });

  it('bring the libraries of its modules, and expect their closures', () => {
    const plan = planOf(rootOf(pam), ['/usr/bin/app']);
    expect(holds(plan, '/usr/local/app/lib')).toContain('/usr/local/app/lib/libcrypt.so.1');
    expect(plan.expected.find(({ object }) => object.endsWith('/pam_unix.so'))?.loads).toContain(
      '/usr/local/app/lib/libcrypt.so.1',
    );
  });

  it('bring a directory although a package has all of it, because the host may have other modules beside it', () => {
    const root = rootOf(pam);
    const packages = {
      paths: [{ path: `${LIB}/security/pam_unix.so`, kind: 'file', why: 'of a package' }],
      files: [],
      remarks: [],
    } as unknown as PackagePlan;
    const plan = planOf(root, ['/usr/bin/app'], { packages });
    expect(verdict(plan, `${LIB}/security`)).toEqual(['redirected', '/usr/local/app/lib/security']);
  });

  it('bring a helper that only a module names, and report that it loses its setgid bit', () => {
    const root = rootOf({
      ...pam,
      [`${LIB}/security/pam_unix.so`]: { needed: ['libc.so.6'], data: '\0/sbin/unix_chkpwd\0' },
      '/usr/sbin/unix_chkpwd': program(),
      '/sbin': { link: 'usr/sbin' },
    });
    fs.chmodSync(root.source('/usr/sbin/unix_chkpwd').hostPath!, 0o2755);
    const plan = planOf(directoryView(root.source('/').hostPath!), ['/usr/bin/app']);
    expect(verdict(plan, '/usr/sbin/unix_chkpwd')).toEqual(['redirected', '/usr/local/app/sbin/unix_chkpwd']);
    expect(edits(plan, '/usr/local/app/lib/security/pam_unix.so')).toEqual([
      expect.stringMatching(/^\/sbin\/unix_chkpwd → \/usr\/\.[0-9a-f]{11}$/),
    ]);
    expect(plan.remarks.find(({ code }) => code === 'helper-unprivileged')?.file).toBe(
      '/usr/local/app/sbin/unix_chkpwd',
    );
  });

  it('bring a directory below one that libraries look for beside themselves', () => {
    const root = rootOf({
      '/usr/bin/app': program({ needed: ['libkrb5.so.3', 'libc.so.6'] }),
      [`${LIB}/libkrb5.so.3`]: {
        soname: 'libkrb5.so.3',
        needed: ['libc.so.6'],
        references: ['dladdr'],
        data: `\0${LIB}/krb5/plugins\0`,
      },
      [`${LIB}/krb5/plugins/preauth/spake.so`]: { needed: ['libc.so.6'] },
      [`${LIB}/krb5/own`]: { text: '' },
    });
    const plan = planOf(root, ['/usr/bin/app', `${LIB}/krb5/own`], { needs: 'suggested' });
    expect(verdict(plan, `${LIB}/krb5/plugins`)).toEqual(['redirected', '/usr/local/app/lib/krb5/plugins']);
    expect(holds(plan, '/usr/local/app/lib/krb5')).toEqual([
      '/usr/local/app/lib/krb5/plugins/preauth/spake.so',
    ]);
  });

  it('leave a directory open if a file that contains its path has a digest or signature', () => {
    const plan = planOf(rootOf({ ...pam, [`${LIB}/.libpam.so.0.hmac`]: { text: '' } }), ['/usr/bin/app']);
    expect(verdict(plan, `${LIB}/security`)).toEqual([
      'open',
      `${LIB}/libpam.so.0 contains its path and must not be edited, because ${LIB}/.libpam.so.0.hmac contains a digest or signature of it; use --mode flatwrap`,
    ]);
  });

  it('leave a directory open if no file contains its path, and with --seal none', () => {
    const files = { ...pam, [`${LIB}/libpam.so.0`]: { soname: 'libpam.so.0', needed: ['libc.so.6'] } };
    expect(verdict(planOf(rootOf(files), ['/usr/bin/app']), `${LIB}/security`)?.[1]).toMatch(/^no file/);
    const unsealed = planOf(rootOf(pam), ['/usr/bin/app'], { seal: 'none' });
    expect(verdict(unsealed, `${LIB}/security`)?.[1]).toMatch(/^with --seal none/);
  });

  it('bring the whole directory if the user names a part of it, and leave it in place if an overlay adds to it', () => {
    const files = { ...pam, [`${LIB}/security/pam_env.so`]: { needed: ['libc.so.6'] } };
    const includes = [{ source: `${LIB}/security/pam_env.so` }];
    const plan = planOf(rootOf(files), ['/usr/bin/app'], { includes });
    expect(verdict(plan, `${LIB}/security`)).toEqual(['redirected', '/usr/local/app/lib/security']);
    expect(holds(plan, '/usr/local/app/lib/security')).toEqual([
      '/usr/local/app/lib/security/pam_env.so',
      '/usr/local/app/lib/security/pam_unix.so',
    ]);
    const overlay = rootAt(at(`overlay-${roots++}`), { [`${LIB}/security/pam_own.so`]: {} }, 'none');
    const root = rootOf(files);
    const lookups = [layeredView([overlay, root], 'the overlay over the root')];
    const added = planOf(root, ['/usr/bin/app'], { overlays: [overlay], lookups });
    expect(edits(added, '/usr/local/app/lib/libpam.so.0')).toEqual([]);
  });

  it('leave a directory in place if the user names it', () => {
    const plan = planOf(rootOf(pam), ['/usr/bin/app'], { includes: [{ source: `${LIB}/security` }] });
    expect(plan.remarks.filter(({ code }) => code === 'replaces-modules').map(({ file }) => file)).toEqual([
      `${LIB}/security`,
    ]);
    expect(holds(plan, LIB)).toEqual([`${LIB}/security/pam_unix.so`]);
    expect(edits(plan, '/usr/local/app/lib/libpam.so.0')).toEqual([]);
  });

  it('give the same plan each time', () => {
    const root = rootOf(pam);
    expect(planOf(root, ['/usr/bin/app']).files).toEqual(planOf(root, ['/usr/bin/app']).files);
  });
});
