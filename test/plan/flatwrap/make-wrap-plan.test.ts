import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PackagePlan } from '../../../src/plan/packages/package-plan.ts';
import type { PlannedFile } from '../../../src/plan/plan.ts';
import { scratch } from '../../io/scratch.ts';
import { holds, LIB, program, refusal, told } from '../plan.ts';
import { PREFIX, textAt, wrapPlanOf, wrapRoot } from './plan.ts';

const at = scratch();
const root = (files?: Parameters<typeof wrapRoot>[1]) => wrapRoot(at('root'), files);
const codes = ({ remarks }: ReturnType<typeof wrapPlanOf>) =>
  remarks.map(({ code, file }) => `${code} ${file}`);

describe('a trimmed root', () => {
  it('contains what the program loads, at the same paths, and what sets up the view', () => {
    expect(holds(wrapPlanOf(root(), ['/usr/bin/app']))).toEqual([
      '/usr/bin/app',
      '/usr/lib/extension-release.d/extension-release.app',
      `${PREFIX}/enter`,
      `${PREFIX}/etc/ld.so.cache -> ../ld.so.cache`,
      `${PREFIX}/fstab`,
      `${PREFIX}/fstab.no-cache`,
      `${PREFIX}/ld.so.cache`,
      `${PREFIX}/lib -> usr/lib`,
      `${PREFIX}/lib64 -> usr/lib64`,
      `${PREFIX}/try`,
      `${PREFIX}/usr/.app`,
      `${PREFIX}/usr/bin/app`,
      `${PREFIX}/usr/bin/unshare`,
      `${PREFIX}/usr/lib/ld-linux-x86-64.so.2 -> ../lib64/ld-linux-x86-64.so.2`,
      `${PREFIX}/usr/lib/modules`,
      ...['libapp.so.1 -> libapp.so.1.2', 'libapp.so.1.2', 'libc.so.6', 'libgcc_s.so.1'].map(
        name => `${PREFIX}${LIB}/${name}`,
      ),
      `${PREFIX}/usr/lib64/ld-linux-x86-64.so.2`,
      `${PREFIX}/usr/local`,
      `${PREFIX}/usr/share/ca-certificates`,
      `${PREFIX}/usr/share/fonts`,
      `${PREFIX}/usr/share/zoneinfo`,
    ]);
  });

  it('edits nothing', () => {
    const { files } = wrapPlanOf(root(), ['/usr/bin/app']);
    expect(files.filter(({ content }) => content.kind === 'copy' && content.edits.length > 0)).toEqual([]);
  });

  it('gets a remark on paths that programs name and the view does not show, unless they come from the host', () => {
    const view = root({
      '/usr/bin/app': program({ data: '/usr/share/app:/usr/share/other\0/usr/share/not-there\0' }),
    });
    const { remarks } = wrapPlanOf(view, ['/usr/bin/app'], { includes: ['/usr/share/app'] });
    expect(remarks).toMatchObject(
      [
        { code: 'names-unshown', file: `${PREFIX}/usr/bin/app`, message: /names \/usr\/share\/other, which/ },
      ].map(({ message, ...remark }) => ({ ...remark, message: expect.stringMatching(message) as string })),
    );
    const binds = ['/usr/share/app', '/usr/share/other'].map(inside => ({
      host: inside,
      inside,
      readOnly: true,
    }));
    expect(codes(wrapPlanOf(view, ['/usr/bin/app'], { binds }))).toEqual([]);
  });

  it('has a link through /etc/alternatives lead straight to its file, and starts the program under its requested name', () => {
    const view = root({
      '/usr/bin/editor': { link: '/etc/alternatives/editor' },
      '/etc/alternatives/editor': { link: '/usr/bin/app' },
    });
    const plan = wrapPlanOf(view, ['/usr/bin/editor']);
    expect(holds(plan, `${PREFIX}/usr/bin`)).toContain(`${PREFIX}/usr/bin/editor -> app`);
    expect(textAt(plan, '/usr/bin/editor')).toContain('set -- /usr/bin/editor "$@"');
  });

  it('contains the interpreters of a script, with a remark on a missing one', () => {
    const view = root({
      '/usr/bin/tool': { text: '#!/usr/bin/env -S interp -x\n' },
      '/usr/bin/env': program(),
      '/usr/bin/interp': { text: '#!/bin/sh\n' },
      '/usr/bin/sh': { link: 'dash' },
      '/usr/bin/dash': program(),
      '/usr/bin/broken': { text: '#!/usr/bin/env nothing\n' },
    });
    const plan = wrapPlanOf(view, ['/usr/bin/tool', '/usr/bin/broken']);
    const names = ['broken', 'dash', 'env', 'interp', 'sh -> dash', 'tool', 'unshare'];
    expect(holds(plan, `${PREFIX}/usr/bin`)).toEqual(names.map(name => `${PREFIX}/usr/bin/${name}`));
    expect(plan.entries).toEqual(['/usr/bin/tool', '/usr/bin/broken']);
    expect(codes(plan)).toEqual(['missing-interpreter /usr/bin/broken']);
  });

  it('gets a remark on a link in a directory that dangles', () => {
    const view = root({
      '/usr/share/app/more': { link: '../other' },
      '/usr/share/app/own': { link: 'data' },
    });
    expect(codes(wrapPlanOf(view, ['/usr/bin/app', '/usr/share/app']))).toEqual([
      `link-outside ${PREFIX}/usr/share/app/more`,
    ]);
  });

  it('is refused if a library of a program is missing', () => {
    const view = root({ '/usr/bin/app': program({ needed: ['libnone.so.1'] }) });
    expect(refusal(() => wrapPlanOf(view, ['/usr/bin/app']))).toMatchObject({ code: 'missing-library' });
  });
});

describe('the files of packages', () => {
  const packages = (paths: readonly string[], files: PackagePlan['files'] = []): PackagePlan => ({
    paths: paths.map(path => ({ path, kind: 'file', is: 'resource', why: 'in the package app' })),
    files,
    reload: false,
    remarks: [],
  });

  it('get a wrapper if they are programs outside the directories of PATH, so that the host can start them by their paths', () => {
    const view = root({
      '/usr/lib/app/helper': program(),
      '/usr/lib/app/script': { text: '#!/usr/bin/app\n' },
      '/usr/lib/app/module.py': { text: '#!/usr/bin/app\n' },
      '/usr/lib/app/data': { text: 'data' },
    });
    const names = ['helper', 'script', 'module.py', 'data'].map(name => `/usr/lib/app/${name}`);
    const plan = wrapPlanOf(view, ['/usr/bin/app'], { request: { packages: packages(names) } });
    expect(holds(plan, '/usr/lib/app')).toEqual(['/usr/lib/app/helper', '/usr/lib/app/script']);
    expect(textAt(plan, '/usr/lib/app/helper')).toContain('set -- /usr/lib/app/helper "$@"');
    expect(plan.entries).toEqual(['/usr/bin/app']);
    expect(holds(plan, `${PREFIX}/usr/lib/app`)).toEqual(names.map(name => PREFIX + name).sort());
  });

  it('may be programs of units in /etc, which the host gets as factory files', () => {
    const unit = '/usr/lib/systemd/system/app.service';
    const script = '/etc/app/hook';
    const view = root({
      [unit]: { text: `[Service]\nExecStart=${script}\n` },
      [script]: { text: '#!/usr/bin/interp\n' },
      '/usr/bin/interp': program(),
    });
    const factory: PlannedFile = {
      target: `/usr/share/factory${script}`,
      role: 'resource',
      content: { kind: 'copy', view, path: script, edits: [] },
      why: 'in the package app',
    };
    const brought = packages([unit], [factory]);
    const plan = wrapPlanOf(view, ['/usr/bin/app'], { request: { packages: brought } });
    expect(holds(plan, `${PREFIX}/usr/bin`)).toContain(`${PREFIX}/usr/bin/interp`);
    const refused = () => wrapPlanOf(view, ['/usr/bin/app'], { request: { packages: packages([unit]) } });
    expect(refusal(refused)).toMatchObject({ code: 'host-provided' });
  });
});

it('a requested directory gets a wrapper for each program; those in its bin directories are entries', () => {
  const view = root({
    '/opt/app/bin/python': { link: '/usr/bin/app' },
    '/opt/app/bin/pip': { text: '#!/opt/app/bin/python\n' },
    '/opt/app/lib/helper': program(),
    '/opt/app/lib/module.py': { text: '#!/usr/bin/env python\n' },
    '/opt/app/lib/data': { text: '' },
  });
  const plan = wrapPlanOf(view, ['/opt/app']);
  expect(plan.entries).toEqual(['/opt/app/bin/pip', '/opt/app/bin/python']);
  expect(holds(plan, '/opt/app')).toEqual(['/opt/app/bin/pip', '/opt/app/bin/python', '/opt/app/lib/helper']);
});

it('a program that is requested together with its directory is an entry once', () => {
  const view = root({ '/opt/app/bin/app': program(), '/opt/app/data': { text: '' } });
  const plan = wrapPlanOf(view, ['/opt/app', '/opt/app/bin', '/opt/app/bin/app']);
  expect(plan.entries).toEqual(['/opt/app/bin/app']);
});

it('a named directory of a staged /etc gets no wrappers, for which the host has no place', () => {
  const view = root({ '/etc/app.d/hook': { text: '#!/usr/bin/app\n' } });
  const plan = wrapPlanOf(view, ['/usr/bin/app', '/etc/app.d'], { etc: 'staged' });
  expect(holds(plan)).toContain(`${PREFIX}/etc/app.d/hook`);
  expect(plan.entries).toEqual(['/usr/bin/app']);
  expect(refusal(() => wrapPlanOf(view, ['/usr/bin/app', '/etc/app.d']))).toMatchObject({
    code: 'host-provided',
  });
});

describe('a whole root', () => {
  it('contains all of /usr except what comes from the host, and special files', () => {
    const view = root({
      '/etc/app.conf': { text: '' },
      '/usr/share/app/pipe': { fifo: true },
      '/dev/node': { text: '' },
    });
    const plan = wrapPlanOf(view, ['/usr/bin/app'], { trim: false });
    const held = holds(plan, PREFIX);
    expect(held).toContain(`${PREFIX}/usr/share/other/data`);
    expect(
      held.filter(place => place.startsWith(`${PREFIX}/etc/`) || place.startsWith(`${PREFIX}/dev`)),
    ).toEqual([`${PREFIX}/etc/ld.so.cache -> ../ld.so.cache`]);
    expect(codes(plan)).toEqual(['special-file /usr/share/app/pipe']);
  });

  it('keeps its own /etc on request', () => {
    const view = root({ '/etc/app.conf': { text: '' } });
    const plan = wrapPlanOf(view, ['/usr/bin/app'], { trim: false, etc: 'staged' });
    expect(holds(plan, `${PREFIX}/etc`)).toEqual([`${PREFIX}/etc/app.conf`]);
    expect(plan.wrapped?.wrapping.mounts.map(({ from }) => from)).not.toContain('/etc');
  });
});

describe('a file that the host reads', () => {
  const unit = (exec: string) => ({ text: `[Service]\nExecStart=${exec}\n` });
  const files = {
    '/usr/lib/systemd/system/app.service': unit('-/usr/bin/app --serve'),
    '/usr/lib/systemd/system/rooted.service': {
      text: '[Service]\nRootDirectory=/srv\nExecStart=/usr/bin/tool\n',
    },
    '/usr/lib/systemd/user/tool.service': unit('tool'),
    '/usr/bin/tool': program(),
    '/usr/share/applications/app.desktop': { text: '' },
  };

  it('lies at its own path, and a system service gets a drop-in', () => {
    const paths = ['/usr/lib/systemd/system/app.service', '/usr/share/applications/app.desktop'];
    const plan = wrapPlanOf(root(files), paths);
    expect(holds(plan).filter(place => !place.startsWith(PREFIX))).toEqual([
      '/usr/lib/extension-release.d/extension-release.app',
      '/usr/lib/systemd/system/app.service',
      '/usr/lib/systemd/system/app.service.d/10-flix.conf',
      '/usr/share/applications/app.desktop',
    ]);
    expect(told(plan, `${PREFIX}/usr/bin/app`)).toBe(
      'program: started by /usr/lib/systemd/system/app.service',
    );
  });

  it.each(['user/tool', 'system/rooted'])('%s.service gets wrappers for its programs', name => {
    const plan = wrapPlanOf(root(files), [`/usr/lib/systemd/${name}.service`]);
    expect(plan.entries).toEqual(['/usr/bin/tool']);
    expect(holds(plan).filter(place => place.endsWith('.conf'))).toEqual([]);
  });

  it('may be a unit that starts a program of every host; this program gets no wrapper, since a wrapper of the shell would start itself', () => {
    const path = '/usr/lib/systemd/user/tool.service';
    const text = '[Service]\nExecStartPre=/bin/sh -c true\nExecStart=tool\n';
    const view = root({ ...files, [path]: { text }, '/usr/bin/sh': program() });
    const plan = wrapPlanOf(view, [path]);
    expect(plan.entries).toEqual(['/usr/bin/tool']);
    expect(holds(plan)).not.toContain('/usr/bin/sh');
  });

  it.each<[string, string, boolean]>([
    ['user', 'RestrictNamespaces=yes', true],
    ['user', 'RestrictNamespaces=net pid', true],
    ['user', 'RestrictNamespaces=~mnt', true],
    ['user', 'RestrictNamespaces=~net', false],
    ['user', 'RestrictNamespaces=mnt user', false],
    ['user', 'RestrictNamespaces=no', false],
    ['system', 'RootDirectory=/srv', true],
    ['system', 'RestrictNamespaces=yes', false], // systemd itself sets up the view
  ])('is reported if its wrappers cannot work: %s unit with %s', (manager, setting, isReported) => {
    const path = `/usr/lib/systemd/${manager}/unit.service`;
    const view = root({
      ...files,
      [path]: { text: `[Service]\n${setting}\nExecStart=/usr/bin/tool\n` },
    });
    expect(codes(wrapPlanOf(view, [path])).includes(`unit-unwrappable ${path}`)).toBe(isReported);
  });

  it('leaves the variables of loaders open only for programs that systemd starts in the view, and for the shell of wrappers', () => {
    const loader = `${PREFIX}/usr/lib64/ld-linux-x86-64.so.2`;
    const variables = ['LD_LIBRARY_PATH', 'LD_PRELOAD', 'LD_AUDIT'];
    const open = (plan: ReturnType<typeof wrapPlanOf>, of: string) =>
      plan.openings.flatMap(({ file, through }) => (file === of ? [through] : []));
    const wrapped = wrapPlanOf(root(), ['/usr/bin/app']);
    expect(open(wrapped, loader)).toEqual(['/etc/ld.so.preload']);
    expect(open(wrapped, '/usr/bin/app')).toEqual(variables);
    const view = wrapRoot(at('service'), { '/usr/lib/systemd/system/app.service': unit('/usr/bin/app') });
    const started = wrapPlanOf(view, ['/usr/lib/systemd/system/app.service']);
    expect(open(started, loader)).toEqual([...variables, '/etc/ld.so.preload']);
  });

  it('gets a remark if it sets a variable that its wrapper drops', () => {
    const setting = (directory: string, lines: string) => {
      const text = `[Service]\nExecStart=/usr/bin/app\n${lines}\n`;
      const [system, user] = ['system', 'user'].map(manager => `/usr/lib/systemd/${manager}/app.service`);
      const view = wrapRoot(at(directory), { [system!]: { text }, [user!]: { text } });
      return codes(wrapPlanOf(view, [system!, user!]));
    };
    expect(setting('set', 'Environment=A=1 "LD_LIBRARY_PATH=/opt/lib"')).toEqual([
      'dropped-variable /usr/lib/systemd/user/app.service',
    ]);
    expect(setting('unset', 'Environment=MY_LD_PRELOAD=1\nEnvironment=LD_AUDIT=x\nEnvironment=')).toEqual([]);
  });

  it('is every file with a TARGET, wherever it comes from', () => {
    const view = root({ '/etc/systemd/system/app.service': unit('/usr/bin/none') });
    const plan = wrapPlanOf(view, ['/etc/systemd/system/app.service:/usr/lib/systemd/system/app.service']);
    expect(holds(plan)).toContain('/usr/lib/systemd/system/app.service');
    expect(codes(plan)).toEqual(['unit-program /usr/lib/systemd/system/app.service']);
  });
});

describe('a wrap plan', () => {
  it('refuses a file that the host’s would hide', () => {
    const view = root({ '/etc/app/conf': { text: '' }, '/srv/data': { text: '' } });
    const refused = (path: string) => refusal(() => wrapPlanOf(view, ['/usr/bin/app'], { includes: [path] }));
    expect(refused('/etc/app')).toMatchObject({ code: 'host-provided', message: /the host’s \/etc/ });
    expect(refused('/srv/data')).toMatchObject({ code: 'host-provided' });
    const plan = wrapPlanOf(view, ['/usr/bin/app'], { includes: ['/etc/app'], etc: 'staged' });
    expect(holds(plan)).toContain(`${PREFIX}/etc/app/conf`);
  });

  it('refuses two programs at one path', () => {
    const view = root({ '/usr/bin/tool': program() });
    expect(refusal(() => wrapPlanOf(view, ['/usr/bin/app', '/usr/bin/tool:/usr/bin/app'])).code).toBe(
      'claimed-twice',
    );
  });

  it('gets a remark on a setuid program, whose bit has no effect for callers other than root', () => {
    const view = root();
    fs.chmodSync(at('root/usr/bin/app'), 0o4755);
    expect(codes(wrapPlanOf(view, ['/usr/bin/app']))).toEqual(['setuid-entry /usr/bin/app']);
  });
});
