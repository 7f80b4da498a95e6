import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { execaSync } from 'execa';
import { afterAll, describe, expect, it } from 'vitest';
import { audit } from '../../../src/audit/audit.ts';
import { directoryView } from '../../../src/view/directory.ts';
import { has } from '../../lab/requires.ts';
import {
  auditOf,
  briefOf,
  extension,
  type Files,
  host,
  hostLoader,
  LIB,
  library,
  program,
  removeRoots,
  root,
} from '../world.ts';

afterAll(removeRoots);

const findings = (files: Files, over: Files = {}) =>
  auditOf({
    extensions: { app: extension('app', files) },
    hosts: { debian: host(undefined, over) },
  }).findings;
const found = (kind: string, files: Files, over: Files = {}) => briefOf(findings(files, over), kind);

const xkb = (versions: readonly string[], more = {}) => ({
  [`${LIB}/libxkbcommon.so.0`]: { link: 'libxkbcommon.so.0.0.0' },
  [`${LIB}/libxkbcommon.so.0.0.0`]: library('libxkbcommon.so.0', {
    verdef: versions,
    defines: versions.map((version, at) => `xkb_${at}@@${version}`),
    ...more,
  }),
});
const desktop = {
  ...xkb(['V_0.5', 'V_1.0']),
  '/usr/bin/desktop': program({
    needed: ['libxkbcommon.so.0'],
    verneed: { 'libxkbcommon.so.0': ['V_1.0'] },
    references: ['xkb_1@V_1.0'],
  }),
  '/usr/bin/keys': program({ needed: ['libxkbcommon.so.0'], verneed: { 'libxkbcommon.so.0': ['V_0.5'] } }),
};

describe('shadowing/breaks-host', () => {
  it('names exactly the programs of the host that an older library breaks', () => {
    const all = findings(xkb(['V_0.5']), desktop);
    expect(briefOf(all, 'shadowing/breaks-host')).toEqual([
      `error shadowing/breaks-host ${LIB}/libxkbcommon.so.0.0.0`,
    ]);
    expect(all.find(({ kind }) => kind === 'shadowing/breaks-host')).toMatchObject({
      broken: ['/usr/bin/desktop'],
      lacking: ['V_1.0'],
      extension: 'app',
    });
    expect(briefOf(all, 'shadowing/host-library')).toHaveLength(1);
    expect(all.find(({ kind }) => kind === 'shadowing/host-library')).toMatchObject({
      age: 'older',
      users: ['/usr/bin/desktop', '/usr/bin/keys'],
    });
  });

  it('reports a missing symbol even if its version exists', () => {
    const without = xkb(['V_0.5', 'V_1.0'], { defines: ['xkb_0@@V_0.5'] });
    expect(findings(without, desktop).find(({ kind }) => kind === 'shadowing/breaks-host')).toMatchObject({
      broken: ['/usr/bin/desktop'],
      lacking: ['xkb_1@V_1.0'],
    });
  });

  it('reports a library that the extension’s copy needs and nothing provides', () => {
    const greedy = xkb(['V_0.5', 'V_1.0'], { needed: ['libgone.so.1'] });
    expect(findings(greedy, desktop).find(({ kind }) => kind === 'shadowing/breaks-host')).toMatchObject({
      broken: ['/usr/bin/desktop', '/usr/bin/keys'],
      lacking: ['libgone.so.1'],
    });
  });

  it('reports a plugin of the host that no broken program loads', () => {
    const plugin = {
      ...xkb(['V_0.5', 'V_1.0']),
      '/usr/lib/desktop/keys.so': library('keys.so', {
        needed: ['libxkbcommon.so.0'],
        verneed: { 'libxkbcommon.so.0': ['V_1.0'] },
      }),
    };
    expect(
      findings(xkb(['V_0.5']), plugin).find(({ kind }) => kind === 'shadowing/breaks-host'),
    ).toMatchObject({
      broken: ['/usr/lib/desktop/keys.so'],
    });
  });

  it('blames the link that replaces a directory with libraries', () => {
    const tool = {
      '/usr/lib/tool/libtool.so.1': library('libtool.so.1'),
      '/usr/bin/tool': program({ needed: ['libtool.so.1'], runpath: '/usr/lib/tool' }),
    };
    const link = { '/usr/lib/tool': { link: 'elsewhere' } };
    expect(findings(link, tool).find(({ kind }) => kind === 'shadowing/breaks-host')).toMatchObject({
      culprit: '/usr/lib/tool',
      broken: ['/usr/bin/tool'],
      lacking: ['libtool.so.1'],
    });
  });

  it('blames a loader that shadows the host’s', () => {
    const loader = 'ld-linux-x86-64.so.2';
    const over = {
      [`${LIB}/libc.so.6`]: library('libc.so.6', {
        needed: [loader],
        verneed: { [loader]: ['GLIBC_2.35'] },
      }),
      [`/usr/lib64/${loader}`]: { ...hostLoader, verdef: ['GLIBC_2.35'] },
    };
    const older = { [`/usr/lib64/${loader}`]: { ...hostLoader, verdef: ['GLIBC_2.3'] } };
    expect(findings(older, over).find(({ kind }) => kind === 'shadowing/breaks-host')).toMatchObject({
      culprit: `/usr/lib64/${loader}`,
      broken: ['/usr/bin/sh'],
    });
  });

  it.runIf(has('root'))('blames a whiteout', () => {
    const place = root('app', extension('app', { '/usr/lib/file': { text: '' } }));
    const whiteout = join(place, LIB, 'libxkbcommon.so.0');
    fs.mkdirSync(dirname(whiteout), { recursive: true });
    execaSync('mknod', [whiteout, 'c', '0', '0']);
    const view = directoryView(root('debian', host(undefined, desktop)), { label: 'debian' });
    const { findings: all } = audit([{ name: 'app', view: directoryView(place, { label: 'app' }) }], [view]);
    expect(all.find(({ kind }) => kind === 'shadowing/breaks-host')).toMatchObject({
      culprit: `${LIB}/libxkbcommon.so.0`,
      broken: ['/usr/bin/desktop', '/usr/bin/keys'],
    });
    expect(briefOf(all, 'shadowing/host-file')).toEqual([`warning shadowing/host-file ${LIB}`]);
  });

  it('accepts what was broken before, a newer library, and a private library', () => {
    const broken = { ...desktop, ...xkb(['V_0.5']) };
    expect(found('shadowing/breaks-host', xkb(['V_0.5'], { data: 'another build' }), broken)).toEqual([]);
    expect(found('shadowing/breaks-host', xkb(['V_0.5', 'V_1.0', 'V_1.8']), desktop)).toEqual([]);
    const hidden = { '/usr/local/app/lib/libxkbcommon.so.0': library('libxkbcommon.so.0') };
    expect(found('shadowing/breaks-host', hidden, desktop)).toEqual([]);
    expect(found('shadowing/host-library', hidden, desktop)).toEqual([]);
  });
});

describe('shadowing/host-library', () => {
  it('reports a library in a directory that is searched before the host’s', () => {
    const first = { [`${LIB}/libz.so.1`]: library('libz.so.1', { data: 'another build' }) };
    const later = {
      '/usr/lib/libz.so.1': library('libz.so.1'),
      '/usr/bin/zip': program({ needed: ['libz.so.1'] }),
    };
    expect(found('shadowing/host-library', first, later)).toEqual([
      `warning shadowing/host-library ${LIB}/libz.so.1`,
    ]);
  });

  it('accepts a library in a directory that is searched after the host’s', () => {
    const after = { '/usr/lib/libz.so.1': library('libz.so.1', { data: 'another build' }) };
    const before = {
      [`${LIB}/libz.so.1`]: library('libz.so.1'),
      '/usr/bin/zip': program({ needed: ['libz.so.1'] }),
    };
    expect(found('shadowing/host-library', after, before)).toEqual([]);
  });

  it('compares the versions in file names if there are no symbol versions', () => {
    const z = (version: string) => ({
      [`${LIB}/libz.so.1`]: { link: `libz.so.${version}` },
      [`${LIB}/libz.so.${version}`]: library('libz.so.1', { data: version }),
      '/usr/bin/zip': program({ needed: ['libz.so.1'] }),
    });
    const { '/usr/bin/zip': _, ...older } = z('1.2.13');
    expect(findings(older, z('1.3.1')).find(({ kind }) => kind === 'shadowing/host-library')).toMatchObject({
      age: 'older',
      hidden: `${LIB}/libz.so.1.3.1`,
    });
  });

  it('accepts a library with the same bytes', () => {
    expect(found('shadowing/host-library', xkb(['V_0.5', 'V_1.0']), desktop)).toEqual([]);
  });

  it('follows a link of the host into the extension', () => {
    const link = {
      '/usr/lib/libz.so.1': { link: '/opt/z/libz.so.1' },
      '/usr/bin/zip': program({ needed: ['libz.so.1'] }),
      '/opt/z/libz.so.1': library('libz.so.1'),
    };
    const files = { '/opt/z/libz.so.1': library('libz.so.1', { data: 'another build' }) };
    expect(found('shadowing/host-library', files, link)).toHaveLength(1);
  });
});

describe('shadowing/host-libc', () => {
  const libc = (data: string) => ({
    [`${LIB}/libc.so.6`]: library('libc.so.6', { verdef: ['GLIBC_2.2.5', 'GLIBC_2.36'], data }),
  });

  it('reports a part of the C library over the host’s, once', () => {
    const all = findings(libc('another build'));
    expect(briefOf(all, 'shadowing/host-libc')).toEqual([`error shadowing/host-libc ${LIB}/libc.so.6`]);
    expect(briefOf(all, 'shadowing/host-library')).toEqual([]);
    const libm = { [`${LIB}/libm.so.6`]: library('libm.so.6', { data: 'another build' }) };
    expect(found('shadowing/host-libc', libm, { [`${LIB}/libm.so.6`]: library('libm.so.6') })).toHaveLength(
      1,
    );
  });

  it('accepts the same build, and a private build', () => {
    expect(found('shadowing/host-libc', libc('same'), libc('same'))).toEqual([]);
    const mine = { '/usr/local/app/lib/libc.so.6': library('libc.so.6') };
    expect(found('shadowing/host-libc', mine)).toEqual([]);
  });
});

describe('shadowing/unique-index', () => {
  const schemas = '/usr/share/glib-2.0/schemas/gschemas.compiled';
  const modules = '/usr/lib/modules/6.1.0/modules.dep.bin';

  it('reports an index that the host has too', () => {
    const files = { [schemas]: { text: 'mine' }, [modules]: { text: 'mine' } };
    const over = { [schemas]: { text: 'host' }, [modules]: { text: 'host' } };
    expect(found('shadowing/unique-index', files, over).sort()).toEqual([
      `error shadowing/unique-index ${modules}`,
      `warning shadowing/unique-index ${schemas}`,
    ]);
    expect(found('shadowing/host-file', files, over)).toEqual([]);
  });

  it('reports an index that another extension has too', () => {
    const [one, other] = ['one', 'other'].map(name => extension(name, { [schemas]: { text: name } }));
    const all = auditOf({ extensions: { one: one!, other: other! }, hosts: { debian: host() } }).findings;
    expect(briefOf(all, 'shadowing/unique-index')).toEqual([`warning shadowing/unique-index ${schemas}`]);
    expect(briefOf(all, 'collisions/path')).toEqual([]);
  });

  it('accepts an index that the host lacks or has equally, and files that only look like one', () => {
    const files = { [schemas]: { text: 'mine' } };
    expect(found('shadowing/unique-index', files)).toEqual([]);
    expect(found('shadowing/unique-index', files, files)).toEqual([]);
    const own = '/usr/share/glib-2.0/schemas/org.app.gschema.xml';
    expect(
      found('shadowing/unique-index', { [own]: { text: 'mine' } }, { [schemas]: { text: 'host' } }),
    ).toEqual([]);
  });
});

describe('shadowing/host-file', () => {
  const file = (text: string, path = '/usr/share/app/default.conf') => ({ [path]: { text } });

  it('reports a different file or link at the same path', () => {
    expect(found('shadowing/host-file', file('mine'), file('host'))).toEqual([
      'warning shadowing/host-file /usr/share/app',
    ]);
    const link = { '/usr/share/app/default.conf': { link: 'other.conf' } };
    expect(found('shadowing/host-file', link, file('host'))).toHaveLength(1);
    expect(
      found(
        'shadowing/host-file',
        file('mine', '/usr/share/man/man1/a.1'),
        file('host', '/usr/share/man/man1/a.1'),
      ),
    ).toEqual(['info shadowing/host-file /usr/share/man/man1']);
  });

  it('accepts the same file, a link to the same target, and a new file', () => {
    expect(found('shadowing/host-file', file('same'), file('same'))).toEqual([]);
    const links = (link: string) => ({ '/usr/bin/tool': { link }, '/usr/bin/sh': program() });
    expect(found('shadowing/host-file', links('sh'), links('/usr/bin/sh'))).toEqual([]);
    expect(found('shadowing/host-file', file('mine'))).toEqual([]);
  });
});

it('does not resolve programs of the host if nothing changes for them', () => {
  expect(
    briefOf(findings({ '/usr/share/app/file': { text: '' } }, desktop), 'shadowing/host-library'),
  ).toEqual([]);
});
