import { describe, expect, it } from 'vitest';
import type { Strength } from '../../src/needs/need.ts';
import { scratch } from '../io/scratch.ts';
import { base, completed, type Files, holds, LIB, planOf, program, rootAt } from './plan.ts';

const at = scratch();
let roots = 0;
const rootOf = (files: Files) => rootAt(at(`root-${roots++}`), { ...base, ...files });
const verdicts = ({ needs }: ReturnType<typeof planOf>) =>
  needs.filter(({ evidence }) => evidence.kind !== 'libc').map(({ what, verdict }) => `${what}: ${verdict}`);

const python: Files = {
  '/usr/bin/python3.11': program({ data: '/usr/share/python3\0' }),
  '/usr/bin/python3': { link: 'python3.11' },
  '/usr/share/python3/data': { text: '' },
  '/usr/lib/python3.11/os.py': { text: '' },
  '/usr/lib/python3.11/lib-dynload/x.so': { needed: ['libx.so.1', 'libc.so.6'] },
  [`${LIB}/libx.so.1`]: { soname: 'libx.so.1', needed: ['libc.so.6'] },
};

describe('the needs of a program', () => {
  it('are brought at their own places if they are required, with the libraries of the modules among them', () => {
    const plan = planOf(rootOf(python), ['/usr/bin/python3']);
    expect(holds(plan, '/usr/lib/python3.11')).toContain('/usr/lib/python3.11/os.py');
    expect(holds(plan, '/usr/local/app/lib')).toContain('/usr/local/app/lib/libx.so.1');
    expect(plan.expected.map(({ object }) => object)).toContain('/usr/lib/python3.11/lib-dynload/x.so');
    expect(verdicts(plan)).toEqual(['/usr/lib/python3.11: brought', '/usr/share/python3: open']);
  });

  it.each<[Strength, string]>([
    ['required', 'open'],
    ['recommended', 'brought'],
  ])('are brought down to the level of the run: %s', (needs, verdict) => {
    const plan = planOf(rootOf(python), ['/usr/bin/python3'], { needs });
    expect(verdicts(plan)).toContain(`/usr/share/python3: ${verdict}`);
  });

  it('are brought although an earlier run left an empty directory of them in a DESTDIR tree', () => {
    const staging = rootOf({ ...python, '/usr/lib/python3.11/empty': { directory: true } });
    const app: Files = { '/usr/bin/python3.11': program() };
    const first = completed(rootAt(at('first'), app, 'none'), staging);
    const left: Files = { ...app, '/usr/lib/python3.11/empty': { directory: true } };
    expect(holds(completed(rootAt(at('second'), left, 'none'), staging))).toEqual(holds(first));
    expect(holds(first)).toContain('/usr/lib/python3.11/os.py');
  });

  it('may lack a library of their own, which is a remark', () => {
    const files = { ...python };
    delete files[`${LIB}/libx.so.1`];
    const { remarks } = planOf(rootOf(files), ['/usr/bin/python3']);
    expect(remarks.map(({ code, file }) => `${code} ${file}`)).toContain(
      'missing-library /usr/lib/python3.11/lib-dynload/x.so',
    );
  });

  it('are left alone where the user has chosen a part, and where --exclude leaves them out', () => {
    const part = planOf(rootOf(python), ['/usr/bin/python3', '/usr/lib/python3.11/os.py']);
    expect(verdicts(part)).toContain('/usr/lib/python3.11: in the tree');
    expect(holds(part, '/usr/lib/python3')).toEqual(['/usr/lib/python3.11/os.py']);
    const skip = (path: string) => path === '/usr/lib/python3.11';
    const { needs } = planOf(rootOf(python), ['/usr/bin/python3'], { skip });
    expect(needs[0]).toMatchObject({ verdict: 'open', because: 'it is left out with --exclude' });
  });

  it('are brought although an overlay or a package has a part of the directory', () => {
    const overlay = rootAt(
      at(`overlay-${roots++}`),
      { '/usr/lib/python3.11/own.py': { text: 'own' } },
      'none',
    );
    const plan = planOf(rootOf(python), ['/usr/bin/python3'], { overlays: [overlay] });
    expect(holds(plan, '/usr/lib/python3.11')).toEqual(
      expect.arrayContaining(['/usr/lib/python3.11/os.py', '/usr/lib/python3.11/own.py']),
    );
    expect(verdicts(plan)).toContain('/usr/lib/python3.11: brought');
  });

  it('are not listed if they are directories without a file', () => {
    const files = { ...python, '/usr/share/python3/data': { directory: true } } as const;
    expect(verdicts(planOf(rootOf(files), ['/usr/bin/python3']))).toEqual(['/usr/lib/python3.11: brought']);
  });

  it('do not replace modules that programs of the host load, and never bring drivers', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['libpam.so.0', 'libva.so.2', 'libc.so.6'] }),
      [`${LIB}/libpam.so.0`]: { soname: 'libpam.so.0', needed: ['libc.so.6'] },
      [`${LIB}/libva.so.2`]: { soname: 'libva.so', needed: ['libc.so.6'] },
      [`${LIB}/security/pam_unix.so`]: {},
      [`${LIB}/dri/x.so`]: {},
    };
    const plan = planOf(rootOf(files), ['/usr/bin/app'], { needs: 'suggested' });
    expect(holds(plan, LIB)).toEqual([]);
    expect(verdicts(plan)).toEqual([`${LIB}/security: open`, `${LIB}/dri: open`]);
    expect(plan.remarks.find(({ code }) => code === 'need-open')?.message).toContain('(PAM modules)');
  });

  it('come from the staging root for the programs of a DESTDIR tree', () => {
    const tree = rootAt(
      at(`tree-${roots++}`),
      { '/usr/bin/mine': program({ needed: ['libtcl8.6.so', 'libtinfo.so.6', 'libc.so.6'] }) },
      'none',
    );
    const staging = rootOf({
      [`${LIB}/libtcl8.6.so`]: { soname: 'libtcl8.6.so', needed: ['libc.so.6'] },
      [`${LIB}/libtinfo.so.6`]: { soname: 'libtinfo.so.6', needed: ['libc.so.6'] },
      '/usr/share/tcltk/tcl8.6/init.tcl': { text: '' },
      '/usr/lib/terminfo/x/xterm': { text: '' },
    });
    const plan = completed(tree, staging);
    expect(holds(plan, '/usr/lib/terminfo')).toEqual(['/usr/lib/terminfo/x/xterm']);
    expect(verdicts(plan)).toContain('/usr/share/tcltk/tcl8.6: open');
  });
});

describe('a need for a file of /etc', () => {
  const FILE = '/usr/lib/tmpfiles.d/flix-app.conf';
  const files = {
    '/usr/bin/app': program({ references: ['getprotobyname', 'getservbyname', 'getrpcbyname'] }),
  };
  const lines = (plan: ReturnType<typeof planOf>) => {
    const content = plan.files.find(({ target }) => target === FILE)?.content;
    return content?.kind === 'text' ? content.text.trimEnd().split('\n') : [];
  };

  it('brings a default, which systemd-tmpfiles copies to a host that lacks the file', () => {
    const view = rootOf({ ...files, '/etc/protocols': { text: 'tcp 6\n' } });
    const plan = planOf(view, ['/usr/bin/app'], { needs: 'recommended' });
    expect(lines(plan).map(line => line.replace(/:(?!0644)\S+/g, ':X'))).toEqual([
      'C /etc/protocols :0644 :X :X - /usr/share/factory/etc/protocols',
    ]);
    expect(holds(plan, '/usr/share/factory')).toEqual(['/usr/share/factory/etc/protocols']);
    expect(verdicts(plan)).toEqual(['/etc/protocols: brought']);
  });

  it('brings the links of /etc that lead to it, and nothing outside /etc', () => {
    const view = rootOf({
      ...files,
      '/etc/protocols': { link: 'tables/protocols' },
      '/etc/tables/protocols': { text: 'tcp 6\n' },
      '/etc/services': { link: '../var/services' },
      '/var/services': { text: '' },
      '/etc/rpc': { text: '', mode: 0o640 },
    });
    const plan = planOf(view, ['/usr/bin/app'], { needs: 'recommended' });
    expect(lines(plan).map(line => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'C /etc/tables/protocols',
      'L /etc/protocols',
    ]);
    expect(plan.needs).toContainEqual(
      expect.objectContaining({
        what: '/etc/services',
        verdict: 'open',
        because: 'it is a link out of /etc',
      }),
    );
  });

  it('brings a directory without files that no package has, and copies what its links lead to', () => {
    const view = rootOf({
      '/var/lib/dpkg/status': {
        text: 'Package: fonts\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n',
      },
      '/var/lib/dpkg/info/fonts.list': {
        text: '/.\n/etc/fonts/fonts.conf\n/usr/share/fontconfig/10-a.conf\n',
      },
      '/usr/bin/app': program({ needed: ['libfontconfig.so.1', 'libc.so.6'] }),
      [`${LIB}/libfontconfig.so.1`]: { soname: 'libfontconfig.so.1', needed: ['libc.so.6'] },
      '/etc/fonts/fonts.conf': { text: '' },
      '/etc/fonts/local.conf': { text: 'of the administrator' },
      '/etc/fonts/conf.d/10-a.conf': { link: '/usr/share/fontconfig/10-a.conf' },
      '/etc/fonts/conf.d/20-b.conf': { link: '/usr/share/fontconfig/20-b.conf' },
      '/usr/share/fontconfig/10-a.conf': { text: 'a' },
    });
    const plan = planOf(view, ['/usr/bin/app'], { needs: 'recommended' });
    expect(lines(plan).map(line => line.split(' ')[1])).toEqual([
      '/etc/fonts/conf.d/10-a.conf',
      '/etc/fonts/fonts.conf',
    ]);
    const copy = plan.files.find(({ target }) => target.endsWith('/10-a.conf'))?.content;
    expect(copy).toMatchObject({ kind: 'copy', path: '/usr/share/fontconfig/10-a.conf' });
    expect(verdicts(plan)).toContain('/etc/fonts: brought');
  });

  it('is met by a default that a package brings', () => {
    const view = rootOf({ ...files, '/etc/protocols': { text: 'tcp 6\n' } });
    const line = 'C /etc/protocols :0600 :root :root - /usr/share/factory/etc/protocols';
    const packages = {
      paths: [],
      files: [{ target: FILE, role: 'metadata', content: { kind: 'text', text: `${line}\n` }, why: 'x' }],
      reload: false,
      remarks: [],
    } as const;
    const plan = planOf(view, ['/usr/bin/app'], { packages, needs: 'recommended' });
    expect(lines(plan)).toEqual([line]);
    expect(verdicts(plan)).toEqual(['/etc/protocols: in the tree']);
  });
});

describe('a script that a program of a package starts', () => {
  const script = (text: string) => ({ text, mode: 0o755 });
  const paths = [
    '/usr/sbin/app',
    '/usr/lib/app/start',
    '/usr/lib/app/sync',
    '/usr/lib/app/example',
    '/usr/sbin/app-extra',
  ];
  const files: Files = {
    '/var/lib/dpkg/status': {
      text: 'Package: app\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n',
    },
    '/var/lib/dpkg/info/app.list': { text: `/.\n${paths.join('\n')}\n` },
    '/usr/bin/sh': program(),
    '/usr/sbin/app': script('#!/bin/sh\n/usr/lib/app/start || exit 1\n'),
    '/usr/lib/app/start': script('#!/bin/sh\n[ -n "$files" ] && /usr/lib/app/sync $files\n'),
    '/usr/lib/app/sync': script('#!/usr/bin/tclsh8.6\n'),
    '/usr/lib/app/example': script('#!/usr/bin/awkward\n'),
    '/usr/sbin/app-extra': script('#!/usr/bin/awkward\n'),
    '/usr/bin/tclsh8.6': program(),
    '/usr/bin/awkward': program(),
  };
  const packages = {
    paths: paths.map(path => ({
      path,
      kind: 'file' as const,
      is: path.startsWith('/usr/sbin/') ? ('program' as const) : ('resource' as const),
      why: 'in the package app',
    })),
    files: [],
    reload: false,
    remarks: [],
  };
  const planned = (more: Files = {}) =>
    planOf(rootOf({ ...files, ...more }), [], { packages, needs: 'recommended' });

  it('gets its interpreter, directly or through other scripts, while those that may be examples do not', () => {
    expect(verdicts(planned())).toContain('/usr/bin/tclsh8.6: brought');
    expect(verdicts(planned())).toContain('/usr/bin/awkward: open');
  });

  it('does not get it if the program can do without the script', () => {
    const tested = '#!/bin/sh\n[ -x /usr/lib/app/start ] && /usr/lib/app/start\n';
    expect(verdicts(planned({ '/usr/sbin/app': script(tested) }))).toContain('/usr/bin/tclsh8.6: open');
  });
});
