import { describe, expect, it } from 'vitest';
import { composeManifest, type ManifestInput } from '../../src/plan/compose-manifest.ts';
import { readManifest } from '../../src/manifest/read-manifest.ts';
import { scratch } from '../io/scratch.ts';
import { base, planOf, PRIVATE, program, rootAt } from './plan.ts';

const at = scratch();
const DPKG = 'Package: libc6\nArchitecture: amd64\nVersion: 2.36-9\n';

function composed(more: Partial<ManifestInput> = {}) {
  const root = rootAt(at('root'), {
    ...base,
    '/usr/bin/app': program(),
    '/usr/bin/link': { link: '/bin/app' },
    '/var/lib/dpkg/status': { text: DPKG },
    '/var/lib/dpkg/info/libc6:amd64.list': { text: '/lib/x86_64-linux-gnu/libc.so.6\n' },
  });
  const plan = planOf(root, ['/usr/bin/link']);
  const manifest = composeManifest({
    flix: '1.2.3',
    plan,
    digests: new Map([['/usr/bin/app', { before: 'aa', after: 'bb' }]]),
    open: [],
    remarks: [],
    labelOf: () => 'debian 12',
    ...more,
  });
  return { manifest, file: (path: string) => manifest.files.find(file => file.path === path) };
}

describe('the manifest', () => {
  it('says of each file where it comes from, why it is there, and what was done to it', () => {
    const { file } = composed();
    expect(file('/usr/bin/app')).toMatchObject({
      role: 'entry',
      why: 'target of the link /usr/bin/link',
      origin: { root: 'debian 12', path: '/usr/bin/app' },
      sha256: { before: 'aa', after: 'bb' },
      edits: [{ why: 'sets the interpreter' }],
    });
    expect(file('/usr/bin/link')).toMatchObject({ link: 'app', origin: { path: '/usr/bin/link' } });
    expect(file(`${PRIVATE}/libc.so.6`)?.origin).toEqual({
      root: 'debian 12',
      path: '/usr/lib/x86_64-linux-gnu/libc.so.6',
      package: 'libc6',
      version: '2.36-9',
    });
    expect(file('/usr/lib/extension-release.d/extension-release.app')).not.toHaveProperty('origin');
  });

  it('holds what undoes each edit of bytes', () => {
    const [edit] = composed().file('/usr/bin/app')!.edits!;
    const bytes = (hex: string) => Buffer.from(hex, 'hex').toString().replace(/\0+$/, '');
    expect('by' in edit! ? edit : [bytes(edit!.before), bytes(edit!.after)]).toEqual([
      '/lib64/ld-linux-x86-64.so.2',
      '/usr/local/app/ld.so',
    ]);
  });

  it('holds nothing of this machine', () => {
    expect(JSON.stringify(composed().manifest)).not.toContain(at('root'));
  });

  it('is read again by the next run', () => {
    const { manifest } = composed();
    expect(readManifest(JSON.stringify(manifest))).toEqual({ manifest });
  });

  it('is the same in whatever order openings and remarks were found, each remark once', () => {
    const remarks = ['b', 'a', 'b'].map(file => ({ code: 'x', file, message: 'm' }));
    const open = ['b', 'a'].map(through => ({ through, admits: '', file: 'f' }));
    const { manifest } = composed({ remarks, open });
    expect(manifest.remarks.map(({ file }) => file)).toEqual(['a', 'b']);
    expect(manifest.open.map(({ through }) => through)).toEqual(['a', 'b']);
  });
});
