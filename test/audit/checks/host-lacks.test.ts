import { afterAll, describe, expect, it } from 'vitest';
import type { HostLibrary, ManifestHost } from '../../../src/manifest/manifest.ts';
import type { ElfRecipe } from '../../lab/elf-recipe.ts';
import {
  auditOf,
  brief,
  briefOf,
  extension,
  type Files,
  host,
  INTERPRETER,
  LIB,
  library,
  program,
  removeRoots,
} from '../world.ts';

afterAll(removeRoots);

const libz: HostLibrary = {
  name: 'libz.so.1',
  paths: [`${LIB}/libz.so.1.3`],
  versions: ['Z_1'],
  symbols: ['inflate@Z_1', 'plain'],
  neededBy: '/usr/bin/app',
};
const CLAIM = 'ID=debian VERSION_ID=13';

/** An extension whose manifest has these expectations. Its program needs nothing, so that only the manifest tells. */
function bound(expected: Partial<ManifestHost>): Files {
  const given: ManifestHost = {
    claim: CLAIM,
    covers: true,
    hosts: ['debian 13'],
    interpreters: [INTERPRETER],
    libraries: [libz],
    files: [],
    choices: [],
    ...expected,
  };
  const manifest = {
    schema: 'flix.manifest/1',
    name: 'app',
    mode: 'host-bound',
    prefix: '/usr/local/app',
    seal: 'none',
    entries: [],
    open: [],
    remarks: [],
    files: [],
    host: given,
  };
  return extension(
    'app',
    { '/usr/bin/app': program(), '/usr/local/app/manifest.json': { text: JSON.stringify(manifest) } },
    `${CLAIM.replace(' ', '\n')}\n`,
  );
}

const withZ = (recipe: ElfRecipe): Files => ({
  [`${LIB}/libz.so.1`]: { link: 'libz.so.1.4' },
  [`${LIB}/libz.so.1.4`]: library('libz.so.1', recipe),
});
const whole: ElfRecipe = { verdef: ['Z_1'], defines: ['inflate@@Z_1', 'plain'] };

const found = (files: Files, expected: Partial<ManifestHost> = {}) =>
  briefOf(
    auditOf({ extensions: { app: bound(expected) }, hosts: { later: host(undefined, files) } }).findings,
    'promises/host-lacks',
  );

describe('promises/host-lacks', () => {
  it('accepts a host that has everything, even under another file name', () => {
    expect(found(withZ(whole))).toEqual([]);
  });

  it('reports nothing if no host is given, or if the tree is not bound to hosts', () => {
    expect(briefOf(auditOf({ extensions: { app: bound({}) } }).findings, 'promises/host-lacks')).toEqual([]);
    const app = extension('app', { '/usr/bin/app': program() });
    expect(
      briefOf(auditOf({ extensions: { app }, hosts: { h: host() } }).findings, 'promises/host-lacks'),
    ).toEqual([]);
  });

  it('reports a library that the host no longer has', () => {
    expect(found({})).toEqual(['error promises/host-lacks libz.so.1']);
  });

  it('warns of another version of a package that another one demands exactly', () => {
    const pinned = { libraries: [{ ...libz, package: { name: 'zlib1g', version: '1.3-1' } }] };
    const recorded = (name: string, version: string): Files => ({
      ...withZ(whole),
      '/var/lib/dpkg/status': { text: `Package: ${name}\nVersion: ${version}\n` },
      [`/var/lib/dpkg/info/${name}.list`]: { text: `${LIB}/libz.so.1.4\n` },
    });
    expect(found(recorded('zlib1g', '1.3-1'), pinned)).toEqual([]);
    expect(found(recorded('zlib1g', '1.4-1'), pinned)).toEqual(['warning promises/host-lacks zlib1g 1.3-1']);
    // nothing is known if a host records another package, or none
    expect(found(recorded('zlib-ng', '2'), pinned)).toEqual([]);
    expect(found(withZ(whole), pinned)).toEqual([]);
  });

  it('accepts each release of a version if a package demands the version alone', () => {
    const pinned = { libraries: [{ ...libz, package: { name: 'zlib', version: '1:1.3' } }] };
    const recorded = (version: string): Files => ({
      ...withZ(whole),
      '/var/lib/pacman/local/zlib/desc': { text: `%NAME%\nzlib\n\n%VERSION%\n${version}\n` },
      '/var/lib/pacman/local/zlib/files': { text: `%FILES%\n${LIB.slice(1)}/libz.so.1.4\n` },
    });
    expect(found(recorded('1:1.3-2'), pinned)).toEqual([]);
    expect(found(recorded('1:1.4-2'), pinned)).toEqual(['warning promises/host-lacks zlib 1:1.3']);
  });

  it('warns of a library that only plugins need', () => {
    expect(found({}, { libraries: [{ ...libz, optional: true }] })).toEqual([
      'warning promises/host-lacks libz.so.1',
    ]);
  });

  it('reports a symbol version that disappeared, and not its symbols as well', () => {
    expect(found(withZ({ verdef: ['Z_2'], defines: ['inflate@@Z_2', 'plain'] }))).toEqual([
      'error promises/host-lacks Z_1 of libz.so.1',
    ]);
  });

  it.each([
    ['inflate@Z_1', { verdef: ['Z_1'], defines: ['plain'] }],
    ['plain', { verdef: ['Z_1'], defines: ['inflate@@Z_1'] }],
  ])('reports the symbol %s that disappeared', (symbol, recipe) => {
    expect(found(withZ(recipe))).toEqual([`error promises/host-lacks ${symbol} of libz.so.1`]);
  });

  it('accepts a symbol that moved to another library of the list', () => {
    const libraries = [libz, { ...libz, name: 'liby.so.1', paths: [], versions: [], symbols: [] }];
    const moved = { ...withZ({ verdef: ['Z_1'], defines: ['inflate@@Z_1'] }) };
    const liby = { [`${LIB}/liby.so.1`]: library('liby.so.1', { defines: ['plain'] }) };
    expect(found({ ...moved, ...liby }, { libraries })).toEqual([]);
  });

  it('finds a library outside of the searched directories where the hosts had it', () => {
    const path = '/usr/lib/app/libz.so.1';
    const libraries = [{ ...libz, paths: [path] }];
    expect(found({ [path]: library('libz.so.1', whole) }, { libraries })).toEqual([]);
  });

  it('reports a loader that the host does not have', () => {
    expect(found(withZ(whole), { interpreters: ['/lib/ld-gone.so.1'] })).toContain(
      'error promises/host-lacks /lib/ld-gone.so.1',
    );
  });

  it('warns of a file that is left to the host and is not there', () => {
    expect(found(withZ(whole), { files: ['/usr/bin/sh', '/usr/share/gone'] })).toEqual([
      'warning promises/host-lacks /usr/share/gone',
    ]);
  });

  it('is what decides whether an image can be made for a release that the claim does not cover', () => {
    const later = host('ID=debian\nVERSION_ID=14\n', withZ(whole));
    const { findings } = auditOf({ extensions: { app: bound({}) }, hosts: { later } });
    expect(findings.find(({ kind }) => kind === 'metadata/silently-ignored')?.fix).toBe(
      'If promises/host-lacks reports nothing, make an image for this host: flix pack TREE --host HOST',
    );
  });

  it('needs no ELF file of the extension: it reports a host of a later release on which the claim was loosened', () => {
    const loosened = {
      ...bound({}),
      '/usr/lib/extension-release.d/extension-release.app': { text: 'ID=debian\nVERSION_ID=14\n' },
    };
    const later = host('ID=debian\nVERSION_ID=14\n', withZ({ verdef: ['Z_2'], defines: ['plain'] }));
    const { findings } = auditOf({ extensions: { app: loosened }, hosts: { later } });
    expect(brief(findings)).toContain('error promises/host-lacks Z_1 of libz.so.1');
  });
});
