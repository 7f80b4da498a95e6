import { describe, expect, it } from 'vitest';
import { holds, program, refusal } from '../plan.ts';
import { choices, hostPlan, lib, LIB, libc, OWN, profiled, roots, runPaths } from './world.ts';

const { staging, host } = roots();
const RELEASE = '/usr/lib/extension-release.d/extension-release.app';

describe('the libraries of a tree that is bound to hosts', () => {
  it('leaves every library to a host that provides all of them, and the program as it is', () => {
    const files = { '/usr/bin/app': program({ needed: ['liba.so.1', 'libc.so.6'] }), ...lib('liba.so.1') };
    const plan = hostPlan(staging(files), [host('debian 13', lib('liba.so.1'))], ['/usr/bin/app']);
    expect(holds(plan)).toEqual(['/usr/bin/app', RELEASE]);
    expect(choices(plan)).toEqual({ brought: {}, host: ['liba.so.1', 'libc.so.6'] });
    expect(runPaths(plan)).toEqual({});
    expect(plan.bound!.host.claim).toBe('ID=debian VERSION_ID=13');
  });

  it('brings a library that the host lacks, with those that only it needs', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['liba.so.1', 'libc.so.6'] }),
      ...lib('liba.so.1', { needed: ['libb.so.1', 'libz.so.1', 'libc.so.6'] }),
      ...lib('libb.so.1'),
      ...lib('libz.so.1'),
    };
    const plan = hostPlan(staging(files), [host('debian 13', lib('libz.so.1'))], ['/usr/bin/app']);
    expect(choices(plan)).toEqual({
      brought: { 'liba.so.1': 'debian 13 lacks liba.so.1', 'libb.so.1': 'debian 13 lacks libb.so.1' },
      host: ['libc.so.6', 'libz.so.1'],
    });
    expect(holds(plan, OWN)).toEqual([`${OWN}/liba.so.1`, `${OWN}/libb.so.1`]);
    expect(runPaths(plan)).toEqual({ '/usr/bin/app': OWN });
  });

  it('brings what any of several hosts lacks, whatever their order', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['liba.so.1', 'libb.so.1', 'libc.so.6'] }),
      ...lib('liba.so.1'),
      ...lib('libb.so.1'),
    };
    const root = staging(files);
    const hosts = [host('debian 13', lib('liba.so.1')), host('debian 12', lib('libb.so.1'))];
    const plan = hostPlan(root, hosts, ['/usr/bin/app']);
    expect(choices(plan).brought).toEqual({
      'liba.so.1': 'debian 12 lacks liba.so.1',
      'libb.so.1': 'debian 13 lacks libb.so.1',
    });
    const other = hostPlan(root, hosts.reverse(), ['/usr/bin/app']);
    expect(other.bound!.host).toEqual(plan.bound!.host);
    expect(holds(other)).toEqual(holds(plan));
  });

  it('brings a library of which the host has another version of symbols', () => {
    const needs = { needed: ['liba.so.1', 'libc.so.6'], verneed: { 'liba.so.1': ['A_2'] } };
    const files = {
      '/usr/bin/app': program({ ...needs, references: ['f@A_2'] }),
      ...lib('liba.so.1', { verdef: ['A_1', 'A_2'], defines: ['f@@A_2'] }),
    };
    const old = lib('liba.so.1', { verdef: ['A_1'], defines: ['f@@A_1'] });
    const plan = hostPlan(staging(files), [host('debian 12', old)], ['/usr/bin/app']);
    expect(choices(plan).brought).toEqual({
      'liba.so.1': 'liba.so.1 of debian 12 has no A_2, which /usr/bin/app needs',
    });
    expect(plan.bound!.hosts[0]!.expected).toContainEqual(
      expect.objectContaining({ object: '/usr/bin/app', loads: [`${LIB}/libc.so.6`, `${OWN}/liba.so.1`] }),
    );
  });

  it('brings a library in which the host lacks a symbol, even one that is bound lazily', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['liba.so.1', 'libc.so.6'], references: ['newer'] }),
      ...lib('liba.so.1', { defines: ['newer'] }),
    };
    const plan = hostPlan(staging(files), [host('debian 12', lib('liba.so.1'))], ['/usr/bin/app']);
    expect(choices(plan).brought).toEqual({
      'liba.so.1': 'no library of debian 12 defines newer, which /usr/bin/app needs',
    });
  });

  it('ignores a symbol that its own root does not define either', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['liba.so.1', 'libc.so.6'], references: ['nowhere'] }),
      ...lib('liba.so.1'),
    };
    const plan = hostPlan(staging(files), [host('debian 12', lib('liba.so.1'))], ['/usr/bin/app']);
    expect(choices(plan).brought).toEqual({});
  });

  it('brings the library that leads to the definer, where that of the host leads elsewhere', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['liba.so.1', 'libc.so.6'], references: ['inner'] }),
      ...lib('liba.so.1', { needed: ['libinner.so.1', 'libc.so.6'] }),
      ...lib('libinner.so.1', { defines: ['inner'] }),
    };
    const plan = hostPlan(staging(files), [host('debian 12', lib('liba.so.1'))], ['/usr/bin/app']);
    expect(Object.keys(choices(plan).brought)).toEqual(['liba.so.1', 'libinner.so.1']);
  });

  it('brings a library of the host as a whole that does not fit one of the tree', () => {
    // libx is brought for the program; the host's libmid needs a symbol that only the host's libx has
    const files = {
      '/usr/bin/app': program({ needed: ['libx.so.1', 'libmid.so.1', 'libc.so.6'], references: ['ours'] }),
      ...lib('libx.so.1', { defines: ['ours'] }),
      ...lib('libmid.so.1', { needed: ['libx.so.1', 'libc.so.6'] }),
    };
    const other = {
      ...lib('libx.so.1', { defines: ['theirs'] }),
      ...lib('libmid.so.1', { needed: ['libx.so.1', 'libc.so.6'], references: ['theirs'] }),
    };
    const plan = hostPlan(staging(files), [host('debian 12', other)], ['/usr/bin/app']);
    expect(choices(plan).brought).toEqual({
      'libmid.so.1': 'libmid.so.1 of debian 12 needs theirs, which no library of the tree defines',
      'libx.so.1': 'no library of debian 12 defines ours, which /usr/bin/app needs',
    });
  });

  it('drops a library that only a replaced library of the host needed', () => {
    // the host's libmid needs libgone, which the root has too; once libmid is brought, nothing needs it
    const files = {
      '/usr/bin/app': program({ needed: ['libmid.so.1', 'libc.so.6'], references: ['late'] }),
      ...lib('libmid.so.1', { defines: ['late'] }),
      ...lib('libgone.so.1'),
    };
    const broken = lib('libmid.so.1', { needed: ['libgone.so.1', 'libc.so.6'] });
    const plan = hostPlan(staging(files), [host('debian 12', broken)], ['/usr/bin/app']);
    expect(Object.keys(choices(plan).brought)).toEqual(['libmid.so.1']);
  });

  it('keeps the run path of a file after the private directory, as DT_RPATH', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['liba.so.1', 'libc.so.6'], runpath: '/usr/lib/app' }),
      ...lib('liba.so.1'),
    };
    const plan = hostPlan(staging(files), [host('debian 13', {})], ['/usr/bin/app']);
    expect(runPaths(plan)).toEqual({ '/usr/bin/app': `${OWN}:/usr/lib/app` });
  });

  it('leaves a file as it is whose DT_RPATH begins with the private directory', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['liba.so.1', 'libc.so.6'], rpath: `${OWN}:/usr/lib/app` }),
      ...lib('liba.so.1'),
    };
    const plan = hostPlan(staging(files), [host('debian 13', {})], ['/usr/bin/app']);
    expect([Object.keys(choices(plan).brought), runPaths(plan)]).toEqual([['liba.so.1'], {}]);
  });

  it('has a library with a RUNPATH of its own search the private directory, too', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['liba.so.1', 'libc.so.6'] }),
      ...lib('liba.so.1', { needed: ['libb.so.1', 'libc.so.6'], runpath: '/usr/lib/parts' }),
      '/usr/lib/parts/libb.so.1': { soname: 'libb.so.1', needed: ['libc.so.6'] },
    };
    const plan = hostPlan(staging(files), [host('debian 13', {})], ['/usr/bin/app']);
    expect(runPaths(plan)).toEqual({
      '/usr/bin/app': OWN,
      [`${OWN}/liba.so.1`]: `${OWN}:/usr/lib/parts`,
    });
  });

  it('has a program use the library of the tree under a name that a plugin beside it needs', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['libx.so.1', 'libc.so.6'] }),
      '/usr/lib/app/plugin.so': { needed: ['libx.so.1', 'libc.so.6'], references: ['newer'] },
      ...lib('libx.so.1', { defines: ['newer'] }),
    };
    const root = staging(files);
    const plan = hostPlan(root, [host('debian 12', lib('libx.so.1'))], ['/usr/bin/app', '/usr/lib/app']);
    expect(runPaths(plan)).toEqual({ '/usr/bin/app': OWN, '/usr/lib/app/plugin.so': OWN });
  });

  it('brings what a program opens at run time if its note requires it and the host lacks it', () => {
    const dlopenNote = JSON.stringify([{ soname: ['libplug.so.1'], priority: 'required' }]);
    const files = {
      '/usr/bin/app': program({ needed: ['libc.so.6'], dlopenNote }),
      ...lib('libplug.so.1'),
    };
    const root = staging(files);
    expect(holds(hostPlan(root, [host('debian 12', {})], ['/usr/bin/app']), OWN)).toEqual([
      `${OWN}/libplug.so.1`,
    ]);
    const plan = hostPlan(root, [host('debian 13', lib('libplug.so.1'))], ['/usr/bin/app']);
    expect(holds(plan, OWN)).toEqual([]);
    expect(plan.needs).toContainEqual(
      expect.objectContaining({ what: 'libplug.so.1', verdict: 'provided by every host' }),
    );
  });

  it('expects of the host a library that the program opens according to the user', () => {
    const root = staging({ '/usr/bin/app': program(), ...lib('libplug.so.1') });
    const plan = hostPlan(root, [host('debian 13', lib('libplug.so.1'))], ['/usr/bin/app'], {
      dlopen: ['libplug.so.1'],
    });
    expect(holds(plan, OWN)).toEqual([]);
    expect(plan.bound!.host.libraries.map(({ name }) => name)).toContain('libplug.so.1');
  });

  it('gives the same tree for the profile of a host', () => {
    const files = {
      '/usr/bin/app': program({ needed: ['liba.so.1', 'libb.so.1', 'libc.so.6'], references: ['newer'] }),
      ...lib('liba.so.1', { defines: ['newer'] }),
      ...lib('libb.so.1'),
    };
    const root = staging(files);
    const given = host('debian 12', lib('liba.so.1'));
    const plan = hostPlan(root, [profiled(given)], ['/usr/bin/app']);
    expect(plan.bound!.host).toEqual(hostPlan(root, [given], ['/usr/bin/app']).bound!.host);
    expect(Object.keys(choices(plan).brought)).toEqual(['liba.so.1', 'libb.so.1']);
  });
});

describe('what a tree cannot bring to a host', () => {
  const newer = program({
    needed: ['libc.so.6'],
    verneed: { 'libc.so.6': ['GLIBC_2.38'] },
    references: ['fGLIBC238@GLIBC_2.38'],
  });

  it('refuses a program that needs a newer libc, and names version, program and host', () => {
    const root = staging({ ...libc('GLIBC_2.38'), '/usr/bin/app': newer });
    const { kind, code, message } = refusal(() => hostPlan(root, [host('debian 12', {})], ['/usr/bin/app']));
    expect([kind, code]).toEqual(['missing', 'host-libc']);
    expect(message).toMatch(/^\/usr\/bin\/app needs GLIBC_2\.38 of libc\.so\.6, but debian 12 has glibc/);
  });

  it('refuses a library that would have to be brought but needs a newer libc', () => {
    const root = staging({
      ...libc('GLIBC_2.38'),
      '/usr/bin/app': program({ needed: ['liba.so.1', 'libc.so.6'] }),
      ...lib('liba.so.1', { verneed: { 'libc.so.6': ['GLIBC_2.38'] } }),
    });
    const { message } = refusal(() => hostPlan(root, [host('debian 12', {})], ['/usr/bin/app']));
    expect(message).toContain(`needs GLIBC_2.38 of libc.so.6 for ${OWN}/liba.so.1, but debian 12 has`);
  });

  it('reports a plugin that needs a newer libc, and makes the tree', () => {
    const root = staging({
      ...libc('GLIBC_2.38'),
      '/usr/bin/app': program(),
      '/usr/lib/app/plugin.so': { needed: ['libc.so.6'], verneed: { 'libc.so.6': ['GLIBC_2.38'] } },
    });
    const paths = ['/usr/bin/app', '/usr/lib/app'];
    const plan = hostPlan(root, [host('debian 12', {})], paths);
    expect(plan.remarks).toContainEqual(
      expect.objectContaining({ code: 'host-libc', file: '/usr/lib/app/plugin.so' }),
    );
    const strict = refusal(() => hostPlan(root, [host('debian 12', {})], paths, { strict: true }));
    expect(strict.code).toBe('host-libc');
  });

  it('refuses a host without the loader of the programs', () => {
    const root = staging({ '/usr/bin/app': program({ interp: '/lib/ld-other.so.1' }), ...libc() });
    const { code, message } = refusal(() => hostPlan(root, [host('debian 12', {})], ['/usr/bin/app']));
    expect(code).toBe('host-interpreter');
    expect(message).toContain('/lib/ld-other.so.1');
  });

  it('refuses a library that neither the host nor the root has', () => {
    const root = staging({ '/usr/bin/app': program({ needed: ['libgone.so.1', 'libc.so.6'] }) });
    const { code } = refusal(() => hostPlan(root, [host('debian 12', {})], ['/usr/bin/app']));
    expect(code).toBe('missing-library');
    const plan = hostPlan(root, [host('debian 13', lib('libgone.so.1'))], ['/usr/bin/app']);
    expect(choices(plan).host).toContain('libgone.so.1');
  });
});
