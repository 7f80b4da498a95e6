import { describe, expect, it } from 'vitest';
import type { Files } from '../plan.ts';
import { program } from '../plan.ts';
import { choices, hostPlan, lib, LIB, profiled, roots } from './world.ts';

const { staging, host } = roots();

interface Installed {
  readonly version: string;
  readonly depends?: string;
  readonly files: readonly string[];
}

/** Returns the files of a dpkg database with these packages. */
function dpkg(packages: Readonly<Record<string, Installed>>): Files {
  const stanza = ([name, { version, depends }]: [string, Installed]) =>
    `Package: ${name}\nArchitecture: amd64\nVersion: ${version}\n${depends === undefined ? '' : `Depends: ${depends}\n`}`;
  const lists = Object.entries(packages).map(([name, { files }]): [string, { text: string }] => [
    `/var/lib/dpkg/info/${name}.list`,
    { text: files.map(file => `${file}\n`).join('') },
  ]);
  return {
    '/var/lib/dpkg/status': { text: Object.entries(packages).map(stanza).join('\n') },
    ...Object.fromEntries(lists),
  };
}

const liba = (version: string): Installed => ({ version, files: [`${LIB}/liba.so.1`] });
const app = (depends: string): Installed => ({ version: '2', depends, files: ['/usr/bin/app'] });
const needs = (...names: readonly string[]) => program({ needed: [...names, 'libc.so.6'] });
/** The library of the tree and that of the host, which are different files. */
const ours = lib('liba.so.1', { defines: ['f', 'ours'] });
const theirs = lib('liba.so.1', { defines: ['f', 'theirs'] });

const files = { '/usr/bin/app': needs('liba.so.1'), ...ours };
const pinning = { ...files, ...dpkg({ app: app('liba1 (= 2)'), liba1: liba('2') }) };
const broughtFor = (root: Files, ...hosts: ReturnType<typeof host>[]) =>
  choices(hostPlan(staging(root), hosts, ['/usr/bin/app'])).brought;

describe('a library whose package is pinned by the package of its user', () => {
  it('is brought if the host has another version of the package, although it has every symbol', () => {
    const plan = hostPlan(
      staging(pinning),
      [host('debian 13', { ...theirs, ...dpkg({ liba1: liba('3') }) })],
      ['/usr/bin/app'],
    );
    expect(plan.bound!.host.choices.find(({ name }) => name === 'liba.so.1')).toEqual({
      name: 'liba.so.1',
      from: 'tree',
      because: 'package app needs exactly version 2 of liba1, but debian 13 has 3',
      package: { name: 'liba1', version: '2' },
    });
    const library = plan.files.find(({ target }) => target === '/usr/local/app/lib/liba.so.1');
    expect(library?.why).toBe('package app needs exactly version 2 of liba1, but debian 13 has 3');
  });

  it('is left to a host that has this version, and the manifest expects the version of later releases, too', () => {
    const same = host('debian 13', { ...theirs, ...dpkg({ liba1: liba('2') }) });
    for (const each of [same, profiled(same)]) {
      const { bound } = hostPlan(staging(pinning), [each], ['/usr/bin/app']);
      expect(bound!.host.choices.map(({ name, from }) => [name, from])).toContainEqual(['liba.so.1', 'host']);
      const expected = new Map(bound!.host.libraries.map(({ name, package: owner }) => [name, owner]));
      expect(expected.get('liba.so.1')).toEqual({ name: 'liba1', version: '2' });
      expect(expected.get('libc.so.6')).toBeUndefined();
    }
  });

  it('is brought for the profile of a host if it is brought for the host', () => {
    const other = host('debian 13', { ...theirs, ...dpkg({ liba1: liba('3') }) });
    expect(broughtFor(pinning, profiled(other))).toEqual(broughtFor(pinning, other));
  });

  it('is left to the host if its package is not pinned, or if another version is accepted', () => {
    const other = host('debian 13', { ...theirs, ...dpkg({ liba1: liba('3') }) });
    for (const depends of ['liba1 (>= 2)', 'liba1', 'liba1 (= 2) | other', 'libb1 (= 2)'])
      expect(broughtFor({ ...files, ...dpkg({ app: app(depends), liba1: liba('2') }) }, other)).toEqual({});
    // the staging root itself does not satisfy this pin
    expect(broughtFor({ ...files, ...dpkg({ app: app('liba1 (= 1)'), liba1: liba('2') }) }, other)).toEqual(
      {},
    );
  });

  it('is brought if the host records no such package for the file, unless it is the same file', () => {
    const without =
      'package app needs exactly version 2 of liba1, but arch records no such package for liba.so.1';
    expect(broughtFor(pinning, host('arch', theirs))).toEqual({ 'liba.so.1': without });
    const elsewhere = dpkg({ liba1: { version: '2', files: ['/opt/liba.so.1'] } });
    expect(broughtFor(pinning, host('arch', { ...theirs, ...elsewhere }))).toEqual({ 'liba.so.1': without });
    const same = host('arch', ours);
    expect(broughtFor(pinning, same)).toEqual({});
    expect(broughtFor(pinning, profiled(same))).toEqual({});
  });

  it('is brought if one of several hosts has another version', () => {
    const same = host('debian 12', { ...theirs, ...dpkg({ liba1: liba('2') }) });
    const other = host('debian 13', { ...theirs, ...dpkg({ liba1: liba('3') }) });
    expect(broughtFor(pinning, same, other)).toEqual({
      'liba.so.1': 'package app needs exactly version 2 of liba1, but debian 13 has 3',
    });
    const later = host('debian 14', { ...theirs, ...dpkg({ liba1: liba('3') }) });
    expect(broughtFor(pinning, same, other, later)).toEqual({
      'liba.so.1': 'package app needs exactly version 2 of liba1, but debian 13 and debian 14 have 3',
    });
  });

  it('is left to the host if only a library of the host loads it', () => {
    const mid = lib('libmid.so.1', { needed: ['liba.so.1', 'libc.so.6'] });
    const packages = dpkg({ app: app('liba1 (= 2)'), liba1: liba('2') });
    const root = { '/usr/bin/app': needs('libmid.so.1'), ...mid, ...ours, ...packages };
    expect(broughtFor(root, host('debian 13', { ...mid, ...theirs, ...dpkg({ liba1: liba('3') }) }))).toEqual(
      {},
    );
  });

  it('is never the C library', () => {
    const libc6 = (version: string): Installed => ({ version, files: [`${LIB}/libc.so.6`] });
    const root = { '/usr/bin/app': needs(), ...dpkg({ app: app('libc6 (= 2)'), libc6: libc6('2') }) };
    expect(broughtFor(root, host('debian 13', dpkg({ libc6: libc6('3') })))).toEqual({});
    // later releases may have another version, too
    const { bound } = hostPlan(
      staging(root),
      [host('debian 13', dpkg({ libc6: libc6('2') }))],
      ['/usr/bin/app'],
    );
    expect(bound!.host.libraries[0]).not.toHaveProperty('package');
  });

  it('is brought together with a library of the host whose package pins it, because they do not fit each other', () => {
    // liba is brought because the host’s lacks a symbol; then libmid of the host and liba of the tree differ in version
    const mid = lib('libmid.so.1', { needed: ['liba.so.1', 'libc.so.6'] });
    const libmid = (version: string): Installed => ({
      version,
      depends: `liba1 (= ${version})`,
      files: [`${LIB}/libmid.so.1`],
    });
    const root = {
      '/usr/bin/app': program({ needed: ['libmid.so.1', 'liba.so.1', 'libc.so.6'], references: ['ours'] }),
      ...mid,
      ...ours,
      ...dpkg({ app: app('libmid1'), libmid1: libmid('2'), liba1: liba('2') }),
    };
    const other = {
      ...lib('libmid.so.1', { needed: ['liba.so.1', 'libc.so.6'], defines: ['more'] }),
      ...theirs,
    };
    expect(
      broughtFor(root, host('debian 13', { ...other, ...dpkg({ libmid1: libmid('3'), liba1: liba('3') }) })),
    ).toEqual({
      'liba.so.1': 'no library of debian 13 defines ours, which /usr/bin/app needs',
      'libmid.so.1':
        'libmid.so.1 of debian 13 does not fit liba.so.1 of the tree: package libmid1 needs exactly version 2 of liba1',
    });
  });

  it('is left to the host if the user says so', () => {
    const plan = hostPlan(
      staging(pinning),
      [host('debian 13', { ...theirs, ...dpkg({ liba1: liba('3') }) })],
      ['/usr/bin/app'],
      { excluded: name => (name === 'liba.so.1' ? 'the host updates it' : undefined) },
    );
    expect(choices(plan).brought).toEqual({});
  });
});
