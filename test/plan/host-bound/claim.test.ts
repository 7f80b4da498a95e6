import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/plan.ts';
import { type Files, program, refusal, rootAt } from '../plan.ts';
import { scratch } from '../../io/scratch.ts';
import { hostPlan, libc, roots } from './world.ts';

const at = scratch();
const { staging, host } = roots();
let made = 0;
const withRelease = (lines: readonly string[], files: Files = {}) =>
  rootAt(at(`host-${made++}`), {
    ...libc(),
    '/usr/lib/os-release': { text: `${lines.join('\n')}\n` },
    ...files,
  });
const RELEASE = '/usr/lib/extension-release.d/extension-release.app';
const releaseOf = ({ files }: Plan) => {
  const content = files.find(({ target }) => target === RELEASE)?.content;
  return content?.kind === 'text' ? content.text : undefined;
};
const root = () => staging({ '/usr/bin/app': program() });

describe('the claim of a tree that is bound to hosts', () => {
  it('is the ID and version of a host', () => {
    const plan = hostPlan(root(), [host('debian 13', {})], ['/usr/bin/app']);
    expect(releaseOf(plan)).toBe('ID=debian\nVERSION_ID=13\nARCHITECTURE=x86-64\n');
    expect(plan.bound!.host).toMatchObject({ claim: 'ID=debian VERSION_ID=13', covers: true });
  });

  it('prefers the level that hosts of several versions share', () => {
    const hosts = ['1', '2'].map(version =>
      withRelease(['ID=flatcar', `VERSION_ID=${version}`, 'SYSEXT_LEVEL=1.0']),
    );
    expect(hostPlan(root(), hosts, ['/usr/bin/app']).bound!.host.claim).toBe('ID=flatcar SYSEXT_LEVEL=1.0');
  });

  it('is the ID alone for a rolling release, which has no version', () => {
    const plan = hostPlan(root(), [host('arch', {})], ['/usr/bin/app']);
    expect(plan.bound!.host).toMatchObject({ claim: 'ID=arch', covers: true });
  });

  it('names no version if the hosts have none in common, and says so', () => {
    const plan = hostPlan(root(), [host('debian 12', {}), host('debian 13', {})], ['/usr/bin/app']);
    expect(plan.bound!.host).toMatchObject({ claim: 'ID=debian', covers: false });
    expect(plan.remarks).toContainEqual(
      expect.objectContaining({
        code: 'no-common-claim',
        message: expect.stringContaining('flix pack TREE --host HOST') as string,
      }),
    );
  });

  it('is any host only for a tree that takes nothing from the host', () => {
    const plan = hostPlan(
      staging({ '/usr/bin/app': { type: 'exec' } }),
      [host('debian 13', {})],
      ['/usr/bin/app'],
    );
    expect(plan.bound!.host).toMatchObject({ claim: 'ID=_any', libraries: [], interpreters: [] });
  });

  it('refuses hosts of different distributions', () => {
    const hosts = [host('debian 13', {}), host('fedora 40', {})];
    expect(refusal(() => hostPlan(root(), hosts, ['/usr/bin/app']))).toMatchObject({
      code: 'hosts-differ',
      message: expect.stringContaining('ID=debian, ID=fedora') as string,
    });
  });

  it.each([
    ['ID=_any\n', 'says ID=_any, but the tree uses libraries or files of the host'],
    ['ID=debian\nVERSION_ID=12\n', 'VERSION_ID=12, but the host has VERSION_ID=13'],
    ['ID=fedora\nVERSION_ID=13\n', 'ID=fedora, but the host has ID=debian'],
  ])('refuses the release file %j of an overlay', (text, message) => {
    const overlay = rootAt(at(`overlay-${made++}`), { [RELEASE]: { text } }, 'none');
    const run = () => hostPlan(root(), [host('debian 13', {})], ['/usr/bin/app'], { overlays: [overlay] });
    expect(refusal(run)).toMatchObject({
      code: 'claim-differs',
      message: expect.stringContaining(message) as string,
    });
  });

  it('keeps a release file of an overlay that every host accepts', () => {
    const overlay = rootAt(
      at(`overlay-${made++}`),
      { [RELEASE]: { text: 'ID=debian\nVERSION_ID=13\n' } },
      'none',
    );
    const plan = hostPlan(root(), [host('debian 13', {})], ['/usr/bin/app'], { overlays: [overlay] });
    expect(releaseOf(plan)).toBeUndefined();
  });

  it('lists the libraries, versions and symbols that files of the tree take from the host', () => {
    const files = {
      ...libc('GLIBC_2.36'),
      '/usr/bin/app': program({
        needed: ['libz.so.1', 'libc.so.6'],
        verneed: { 'libc.so.6': ['GLIBC_2.36', 'GLIBC_2.2.5?'] },
        references: ['inflate', 'absent?', 'fGLIBC236@GLIBC_2.36'],
      }),
      '/usr/lib/x86_64-linux-gnu/libz.so.1': { soname: 'libz.so.1', defines: ['inflate'] },
    };
    const given = host('debian 13', {
      ...libc('GLIBC_2.36'),
      '/usr/lib/x86_64-linux-gnu/libz.so.1': { link: 'libz.so.1.3' },
      '/usr/lib/x86_64-linux-gnu/libz.so.1.3': { soname: 'libz.so.1', defines: ['inflate'] },
    });
    const { libraries, interpreters } = hostPlan(staging(files), [given], ['/usr/bin/app']).bound!.host;
    expect(interpreters).toEqual(['/lib64/ld-linux-x86-64.so.2']);
    expect(libraries).toEqual([
      {
        name: 'libc.so.6',
        paths: ['/usr/lib/x86_64-linux-gnu/libc.so.6'],
        versions: ['GLIBC_2.36'],
        symbols: ['fGLIBC236@GLIBC_2.36'],
        neededBy: '/usr/bin/app',
      },
      {
        name: 'libz.so.1',
        paths: ['/usr/lib/x86_64-linux-gnu/libz.so.1.3'],
        versions: [],
        symbols: ['inflate'],
        neededBy: '/usr/bin/app',
      },
    ]);
  });
});
