import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { scratch } from '../../io/scratch.ts';
import { type Files, holds, program, rootAt } from '../plan.ts';
import { PREFIX, type Wish, wrapPlanOf, wrapRoot } from './plan.ts';

const at = scratch();

interface Case extends Wish {
  readonly because: string;
  readonly files?: Files;
  readonly paths?: readonly string[];
  readonly own?: readonly string[];
}

const bind = (inside: string) => [{ host: '/srv/x', inside, readOnly: false }];

const chroot: readonly Case[] = [
  { because: '--etc staged', etc: 'staged', own: ['/etc'] },
  { because: '--var staged --home staged', var: 'staged', home: 'staged', own: ['/var', '/home'] },
  { because: 'the --bind target /data', binds: bind('/data') },
  { because: 'below /opt', files: { '/opt/app/app': program() }, paths: ['/opt/app/app'], own: ['/opt'] },
  {
    because: 'below /opt',
    files: {
      '/usr/bin/app': program({ needed: ['libopt.so'], rpath: '/opt/lib' }),
      '/opt/lib/libopt.so': {},
    },
    own: ['/opt'],
  },
  { because: 'not usr-merged: /sbin', files: { '/sbin': { directory: true } } },
  { because: 'no /usr/bin/unshare of util-linux', files: { '/usr/bin/unshare': program() } },
];

function formOf({ files, paths, ...choices }: Omit<Case, 'because' | 'own'>) {
  const { wrapping, because } = wrapPlanOf(
    wrapRoot(at('root'), files),
    paths ?? ['/usr/bin/app'],
    choices,
  ).wrapped!;
  return { form: wrapping.form, because, shown: wrapping.mounts.map(({ to }) => to) };
}

describe('the form of a view', () => {
  it.each(chroot)('is chroot: $because', ({ because, own = [], ...rest }) => {
    const { form, because: said, shown } = formOf(rest);
    expect({ form, said }).toEqual({ form: 'chroot', said: expect.stringContaining(because) as string });
    const bound = ['/etc', '/var', '/home', '/opt'].filter(directory => shown.includes(PREFIX + directory));
    expect(bound).toEqual(['/etc', '/var', '/home', '/opt'].filter(directory => !own.includes(directory)));
  });

  it.each<Omit<Case, 'because'>>([
    {},
    { binds: bind('/usr/share/data') },
    { binds: bind('/lib/data') },
    { files: { '/usr/local/bin/app': program() }, paths: ['/usr/local/bin/app'] },
  ])('is overmount without a reason for chroot: %j', choices => {
    expect(formOf(choices).form).toBe('overmount');
  });

  it.each([
    ['/usr/bin/app', true],
    ['/usr/local/bin/tool', false],
  ])('shows the host’s /usr/local unless a file of the root’s is needed: %s', (path, shown) => {
    const mounts = formOf({ files: { '/usr/local/bin/tool': program() }, paths: [path] }).shown;
    expect(mounts.includes(`${PREFIX}/usr/local`)).toBe(shown);
  });

  it('is chroot with the root’s own /etc if musl reads its list of directories there', () => {
    const list = '/etc/ld-musl-x86_64.path';
    const files = {
      '/lib': { link: 'usr/lib' },
      '/usr/bin/app': { interp: '/lib/ld-musl-x86_64.so.1', needed: ['libown.so'] },
      '/usr/lib/own/libown.so': {},
      [list]: { text: '/usr/lib/own\n' },
    };
    const plan = wrapPlanOf(rootAt(at('root'), files, 'musl'), ['/usr/bin/app']);
    expect(plan.wrapped?.because).toBe(`its loader reads ${list}, so it needs the staged /etc`);
    expect(holds(plan)).toContain(PREFIX + list);
    expect(plan.wrapped?.wrapping.mounts.map(({ from }) => from)).not.toContain('/etc');
  });

  it('treats an extracted root without links as merged, since the host has them', () => {
    const view = wrapRoot(at('root'));
    for (const link of ['bin', 'sbin', 'lib', 'lib64']) fs.unlinkSync(at('root', link));
    expect(wrapPlanOf(view, ['/usr/bin/app']).wrapped?.wrapping.form).toBe('overmount');
  });
});
