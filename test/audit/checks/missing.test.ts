import { afterAll, describe, expect, it } from 'vitest';
import { audit, type AuditOptions } from '../../../src/audit/audit.ts';
import { documentedInManifests } from '../../../src/audit/documented.ts';
import type { Tree } from '../../../src/audit/extension.ts';
import { updateGate } from '../../../src/audit/gate.ts';
import { promisesIn } from '../../../src/audit/promises.ts';
import { EM_AARCH64 } from '../../../src/elf/constants.ts';
import { directoryView } from '../../../src/view/directory.ts';
import type { View } from '../../../src/view/view.ts';
import type { ElfRecipe } from '../../lab/elf-recipe.ts';
import {
  auditOf,
  briefOf,
  extension,
  type Files,
  host,
  hostLoader,
  LIB,
  library,
  openLoader,
  PRIVATE,
  PRIVATE_LOADER,
  program,
  removeRoots,
  root,
  treeView,
} from '../world.ts';

afterAll(removeRoots);

const BOUND = 'ID=debian\nVERSION_ID=13\n';

const found = (kind: string, files: Files, over: Files = {}, release = BOUND, options?: AuditOptions) =>
  briefOf(
    auditOf(
      {
        extensions: { app: extension('app', files, release) },
        hosts: { debian: host(undefined, over) },
      },
      options,
    ).findings,
    kind,
  );

const app = (recipe: Parameters<typeof program>[0], more: Files = {}): Files => ({
  '/usr/bin/app': program(recipe),
  ...more,
});

/** Contains a name and calls dlopen. */
const opening = (name: string) => ({
  data: `\0${name}\0`,
  references: ['dlopen@GLIBC_2.36'],
  verneed: { 'libc.so.6': ['GLIBC_2.36'] },
});

describe('missing/symbol', () => {
  const needsFoo = { needed: ['libfoo.so.1'], references: ['foo'] };
  const foo = (recipe = {}) => ({ [`${LIB}/libfoo.so.1`]: library('libfoo.so.1', recipe) });

  it('reports a function of a program that nothing defines', () => {
    expect(found('missing/symbol', app(needsFoo), foo())).toEqual([
      'error missing/symbol foo of /usr/bin/app',
    ]);
  });

  it('accepts a symbol that any loaded object defines, and a weak one', () => {
    expect(found('missing/symbol', app(needsFoo), foo({ defines: ['foo'] }))).toEqual([]);
    const behind = {
      ...foo({ needed: ['libbar.so.1'] }),
      [`${LIB}/libbar.so.1`]: library('libbar.so.1', { defines: ['foo'] }),
    };
    expect(found('missing/symbol', app(needsFoo), behind)).toEqual([]);
    expect(found('missing/symbol', app({ ...needsFoo, references: ['foo?'] }), foo())).toEqual([]);
  });

  it('reports a version that the library has, but not for this symbol', () => {
    const versioned = {
      needed: ['libfoo.so.1'],
      verneed: { 'libfoo.so.1': ['FOO_2'] },
      references: ['foo@FOO_2'],
    };
    const verdef = ['FOO_1', 'FOO_2'];
    expect(
      found('missing/symbol', app(versioned), foo({ verdef, defines: ['foo@@FOO_1', 'bar@@FOO_2'] })),
    ).toEqual(['error missing/symbol foo@FOO_2 of /usr/bin/app']);
    expect(
      found('missing/symbol', app(versioned), foo({ verdef, defines: ['foo@FOO_1', 'foo@@FOO_2'] })),
    ).toEqual([]);
  });

  it('is a warning for a plugin, unless a program that may open it has the symbol', () => {
    const plugin = { '/usr/lib/app/plugin.so': library('plugin.so', { references: ['register_plugin'] }) };
    expect(found('missing/symbol', app({}, plugin))).toEqual([
      'warning missing/symbol register_plugin of /usr/lib/app/plugin.so',
    ]);
    expect(found('missing/symbol', app({ defines: ['register_plugin'] }, plugin))).toEqual([]);
    const server = { '/usr/sbin/server': program({ defines: ['register_plugin'] }) };
    expect(found('missing/symbol', plugin, server)).toEqual([]);
    expect(found('missing/symbol', plugin, server, 'ID=_any\n')).toHaveLength(1);
  });
});

describe('missing/version-file', () => {
  it('reports a version from a file that was renamed in DT_NEEDED only', () => {
    const verneed = { 'libfoo.so.1': ['FOO_1'] };
    const foo = {
      [`${LIB}/libfoo.so.1`]: library('libfoo.so.1', { verdef: ['FOO_1'] }),
      [`${LIB}/libmine.so`]: library('libmine.so', { verdef: ['FOO_1'] }),
    };
    expect(found('missing/version-file', app({ needed: ['libmine.so'], verneed }), foo)).toEqual([
      'error missing/version-file libfoo.so.1 for /usr/bin/app',
    ]);
    expect(found('missing/version-file', app({ needed: ['libfoo.so.1'], verneed }), foo)).toEqual([]);
  });
});

describe('missing/relr-marker', () => {
  const libc = (...versions: string[]) => ({ relr: true, verneed: { 'libc.so.6': versions } });
  const marked = {
    [`${LIB}/libc.so.6`]: library('libc.so.6', { verdef: ['GLIBC_2.2.5', 'GLIBC_ABI_DT_RELR'] }),
  };

  it('reports an object that does not require the marker of its packed relocations', () => {
    expect(found('missing/relr-marker', app(libc('GLIBC_2.2.5')), marked)).toEqual([
      'error missing/relr-marker /usr/bin/app',
    ]);
    expect(found('missing/relr-marker', app(libc('GLIBC_2.2.5', 'GLIBC_ABI_DT_RELR')), marked)).toEqual([]);
  });

  it('accepts a libc that does not know the marker', () => {
    const files = app(libc('GLIBC_2.2.5', 'GLIBC_ABI_DT_RELR'));
    expect(found('missing/relr-marker', files)).toEqual([]);
    expect(found('missing/symbol-version', files)).toHaveLength(1);
  });
});

describe('missing/executable-stack', () => {
  const kind = 'missing/executable-stack';
  const PLUGIN = '/usr/lib/app/plugin.so';
  const plugin = (recipe: ElfRecipe = { stack: 'executable' }) => ({
    [PLUGIN]: library('plugin.so', recipe),
  });
  const glibc = (minor: number): Files => ({
    '/usr/lib64/ld-linux-x86-64.so.2': {
      ...hostLoader,
      data: hostLoader.data!.replace('2.41', `2.${minor}`),
    },
  });
  const opens = { data: `\0${PLUGIN}\0` };

  it.each<[string, Files, string]>([
    ['that nothing names', app({}, plugin()), 'warning'],
    ['of which the program contains the path', app(opens, plugin()), 'error'],
    ['of which the program contains the name', app(opening('plugin.so'), plugin()), 'error'],
    ['without PT_GNU_STACK', app({}, plugin({ stack: 'unstated' })), 'warning'],
    ['for a program of the host', plugin(), 'warning'],
  ])('reports a plugin %s', (_, files, severity) => {
    expect(found(kind, files)).toEqual([`${severity} ${kind} ${PLUGIN}`]);
    expect(found(kind, files, glibc(43))).toEqual([`${severity} ${kind} ${PLUGIN}`]);
    expect(found(kind, files, glibc(40))).toEqual([]);
  });

  it('reports the library of a plugin, once', () => {
    const both = {
      ...plugin({ needed: ['libdep.so.1'] }),
      '/usr/lib/app/other.so': library('other.so', { needed: ['libdep.so.1'] }),
    };
    const libdep = { [`${LIB}/libdep.so.1`]: library('libdep.so.1', { stack: 'executable' }) };
    expect(found(kind, app({}, both), libdep)).toEqual([`warning ${kind} ${LIB}/libdep.so.1`]);
  });

  it('reports a library of the host that a program opens by name', () => {
    const names = opening('libx.so.1');
    const libx = { [`${LIB}/libx.so.1`]: library('libx.so.1', { stack: 'executable' }) };
    expect(found(kind, app(names), libx)).toEqual([`error ${kind} ${LIB}/libx.so.1`]);
    expect(found(kind, app(names), { ...libx, ...glibc(36) })).toEqual([]);
  });

  it('accepts what a program loads at start, and what one with an executable stack opens', () => {
    const needed = app({ needed: ['libc.so.6', PLUGIN] }, plugin());
    expect(found(kind, needed)).toEqual([]);
    expect(found(kind, app({ stack: 'executable' }, plugin()))).toEqual([]);
    expect(found(kind, app({ stack: 'unstated' }, plugin()))).toEqual([]);
    const beside = {
      ...plugin(),
      [`${LIB}/libdep.so.1`]: library('libdep.so.1', { stack: 'executable' }),
    };
    expect(found(kind, app({ needed: ['libc.so.6', 'libdep.so.1'] }, beside))).toEqual([]);
  });

  it('accepts a library that a program of the host or of another extension loads at start', () => {
    const library10 = { [`${LIB}/libdep.so.1`]: library('libdep.so.1', { stack: 'executable' }) };
    const user = program({ needed: ['libc.so.6', 'libdep.so.1'] });
    const old = { '/usr/bin/user': user, [`${LIB}/libdep.so.1`]: library('libdep.so.1') };
    expect(found(kind, library10, old)).toEqual([]);
    const { findings } = auditOf({
      extensions: {
        app: extension('app', library10, BOUND),
        user: extension('user', { '/usr/bin/user': user }, BOUND),
      },
      hosts: { debian: host() },
    });
    expect(briefOf(findings, kind)).toEqual([]);
  });

  it('judges a plugin of a private loader by that loader', () => {
    const own = (minor: number): Files => ({
      '/usr/bin/app': program({ interp: PRIVATE_LOADER }),
      [PRIVATE_LOADER]: { ...openLoader, data: openLoader.data!.replace('2.41', `2.${minor}`) },
      [`${PRIVATE}/libc.so.6`]: library('libc.so.6'),
      ...plugin(),
    });
    expect(found(kind, own(36))).toEqual([]);
    expect(found(kind, own(41), glibc(36))).toEqual([`warning ${kind} ${PLUGIN}`]);
  });

  it('is what an update of the host from glibc 2.36 to 2.41 adds', async () => {
    const trees = [
      { name: 'app', view: treeView(root('app', extension('app', app(opens, plugin()))), 'app') },
    ];
    const view = (minor: number) => directoryView(root(`glibc-${minor}`, host(undefined, glibc(minor))));
    const options = { failOn: 'error', versionsOf: () => [] } as const;
    const auditOver = (over: readonly Tree[], on: View) => audit(over, [on]);
    const { findings } = await updateGate(trees, view(36), view(41), { ...options, auditOver });
    expect(findings).toMatchObject([{ kind, severity: 'error', culprit: PLUGIN }]);
    const back = await updateGate(trees, view(41), view(43), { ...options, auditOver });
    expect(back.findings).toEqual([]);
  });

  it('does not let a wider claim appear proven', () => {
    const files = extension('app', app({}, plugin()), 'ID=debian\nVERSION_ID=12\n');
    const { findings } = auditOf({ extensions: { app: files }, hosts: { debian: host() } });
    expect(briefOf(findings, 'metadata/under-claim')).toEqual([]);
  });
});

describe('missing/opened-library', () => {
  const kind = 'missing/opened-library';
  const sealed = (recipe: Parameters<typeof program>[0], more: Files = {}): Files => ({
    '/usr/bin/app': program({ interp: PRIVATE_LOADER, ...recipe }),
    [PRIVATE_LOADER]: openLoader,
    [`${PRIVATE}/libc.so.6`]: library('libc.so.6', { verdef: ['GLIBC_2.36'] }),
    ...more,
  });
  const note = (priority: string, ...soname: string[]) => ({
    dlopenNote: JSON.stringify([{ soname, priority }]),
  });
  const string = opening('libx.so.1');
  const libx = { [`${LIB}/libx.so.1`]: library('libx.so.1') };
  const lost = (files: Files, over: Files = {}, release = 'ID=_any\n') => found(kind, files, over, release);

  it.each([
    ['required', 'error'],
    ['recommended', 'warning'],
    ['suggested', 'info'],
  ])('reports a library that a note names and the seal cuts off: %s is an %s', (priority, severity) => {
    expect(lost(sealed(note(priority, 'libx.so.1')), libx)).toEqual([`${severity} ${kind} libx.so.1`]);
  });

  it.each([
    ['required', ['error missing/opened-library libx.so.1']],
    ['recommended', ['info missing/opened-library libx.so.1']],
    ['suggested', []],
  ])('reports a library that a note names and nobody provides: %s', (priority, expected) => {
    expect(lost(sealed(note(priority, 'libx.so.1')))).toEqual(expected);
    expect(lost(app(note(priority, 'libx.so.1')), {}, BOUND)).toEqual(expected);
    expect(lost(app(note(priority, 'libx.so.1')), libx, BOUND)).toEqual([]);
  });

  it('reports what a library or a plugin opens', () => {
    const behind = { [`${PRIVATE}/liby.so.1`]: library('liby.so.1', note('required', 'libx.so.1')) };
    const expected = [`error ${kind} libx.so.1`];
    expect(lost(sealed({ needed: ['libc.so.6', 'liby.so.1'] }, behind), libx)).toEqual(expected);
    const plugin = { '/usr/lib/app/plugin.so': library('plugin.so', note('required', 'libx.so.1')) };
    expect(lost(sealed({}, plugin), libx)).toEqual(expected);
  });

  it('is a note for a string, if the host has the library and the extension has a loader of its own', () => {
    expect(lost(sealed(string), libx)).toEqual([`info ${kind} libx.so.1`]);
    expect(lost(sealed(string))).toEqual([]);
    expect(lost(app(string), {}, BOUND)).toEqual([]);
    const text = { ...string, references: ['puts@GLIBC_2.36'] };
    expect(lost(sealed(text), libx)).toEqual([]);
  });

  it('is a warning for what the libc opens by itself, by its version', () => {
    const names = ['libgcc_s.so.1', 'libnss_files.so.2', 'libnss_dns.so.2'];
    const over = Object.fromEntries(names.map(name => [`${LIB}/${name}`, library(name)]));
    const own = (minor: number) => ({
      [PRIVATE_LOADER]: { ...openLoader, data: openLoader.data!.replace('2.41', `2.${minor}`) },
    });
    expect(lost(sealed({}, own(36)), over)).toEqual([`warning ${kind} libgcc_s.so.1`]);
    expect(lost(sealed({}, own(33)), over)).toEqual(names.map(name => `warning ${kind} ${name}`));
    const brought = {
      ...own(33),
      ...Object.fromEntries(names.map(name => [`${PRIVATE}/${name}`, library(name)])),
    };
    expect(lost(sealed({}, brought), over)).toEqual([]);
  });

  it('accepts a library that the extension has, and one of several alternatives', () => {
    const own = { [`${PRIVATE}/libx.so.1`]: library('libx.so.1') };
    expect(lost(sealed(note('required', 'libx.so.1'), own), libx)).toEqual([]);
    expect(lost(sealed(note('required', 'libx.so.2', 'libx.so.1'), own), libx)).toEqual([]);
    expect(lost(sealed(note('required', 'libx.so.2', 'libx.so.1')), libx)).toEqual([
      `error ${kind} libx.so.2`,
    ]);
  });

  it('accepts a library that is needed and missing anyway, and text without a host', () => {
    const needed = sealed({ ...note('required', 'libx.so.1'), needed: ['libc.so.6', 'libx.so.1'] });
    expect(lost(needed, libx)).toEqual([]);
    const { findings } = auditOf({ extensions: { app: extension('app', sealed(string)) } });
    expect(briefOf(findings, kind)).toEqual([]);
  });

  it('says whether the host has the library, and what to type', () => {
    const said = (over: Files) =>
      auditOf({
        extensions: { app: extension('app', sealed(note('required', 'libx.so.1'))) },
        hosts: { debian: host(undefined, over) },
      }).findings.find(finding => finding.kind === kind);
    expect(said(libx)).toMatchObject({
      onHost: true,
      message:
        'app requires libx.so.1 at run time, which its private loader does not find, although the host has it',
      fix: 'Bring it: “flix vendor --dlopen libx.so.1”.',
    });
    expect(said({})).toMatchObject({
      onHost: false,
      message: 'app requires libx.so.1 at run time, which neither the extension nor the host provides',
    });
  });

  it('leaves out a string that a remark of the manifest names, and lowers a note that one names', () => {
    const manifest = {
      schema: 'flix.manifest/1',
      name: 'app',
      mode: 'flix',
      prefix: '/usr/local/app',
      seal: 'auto',
      entries: [],
      open: [],
      remarks: [
        { code: 'opened-by-name', file: '/usr/bin/app', message: 'may open it', opened: 'libx.so.1' },
      ],
      files: [],
    };
    const audited = (recipe: ElfRecipe) => {
      const files = sealed(recipe, { '/usr/local/app/manifest.json': { text: JSON.stringify(manifest) } });
      const view = treeView(root('app', extension('app', files)), 'app');
      const trees = [{ name: 'app', view, promises: promisesIn(view) }];
      const options = { isDocumented: documentedInManifests(trees) };
      const { findings } = audit(trees, [directoryView(root('debian', host(undefined, libx)))], options);
      return findings.filter(finding => finding.kind === kind);
    };
    expect(audited(string)).toEqual([]);
    expect(audited(note('required', 'libx.so.1'))).toMatchObject([{ severity: 'info', known: true }]);
  });
});

describe('missing/cpu-level', () => {
  const V3 = 0b111;

  it('reports a file above the declared level', () => {
    const files = app({ isaNeeded: V3 });
    expect(found('missing/cpu-level', files)).toEqual(['error missing/cpu-level /usr/bin/app']);
    expect(found('missing/cpu-level', files, {}, BOUND, { level: 'x86-64-v2' })).toHaveLength(1);
    expect(found('missing/cpu-level', files, {}, BOUND, { level: 'x86-64-v3' })).toEqual([]);
    expect(found('missing/cpu-level', app({ isaNeeded: 1 }))).toEqual([]);
  });

  it('accepts a file in a directory for its level', () => {
    const files = {
      [`${LIB}/glibc-hwcaps/x86-64-v3/libfast.so.1`]: library('libfast.so.1', { isaNeeded: V3 }),
    };
    expect(found('missing/cpu-level', files)).toEqual([]);
    const plain = { [`${LIB}/libfast.so.1`]: library('libfast.so.1', { isaNeeded: V3 }) };
    expect(found('missing/cpu-level', plain)).toHaveLength(1);
  });
});

describe('missing/architecture', () => {
  const arm64 = { machine: EM_AARCH64, interp: '/lib/ld-linux-aarch64.so.1' };

  it('reports a program for a machine other than the host', () => {
    expect(found('missing/architecture', app(arm64))).toEqual(['error missing/architecture arm64']);
    expect(found('missing/interpreter', app(arm64))).toEqual([]);
    expect(found('missing/architecture', app({}))).toEqual([]);
  });

  it('reports a program for an architecture other than ARCHITECTURE=', () => {
    expect(found('missing/architecture', app({}), {}, `${BOUND}ARCHITECTURE=arm64\n`)).toHaveLength(1);
  });

  it('accepts what the machine can also run, and what is in a directory for another machine', () => {
    const i386 = library('libold.so.1', { class: 32 });
    const cross = library('libcross.so.1', { machine: EM_AARCH64 });
    const files = { '/usr/lib/libold.so.1': i386, '/usr/lib/aarch64-linux-gnu/libcross.so.1': cross };
    expect(found('missing/architecture', files)).toEqual([]);
    const emulated = { '/usr/lib/aarch64-linux-gnu/app/bin/app': program(arm64) };
    expect(found('missing/architecture', emulated)).toEqual([]);
    expect(found('missing/interpreter', emulated)).toEqual([]);
    expect(found('missing/architecture', { '/usr/lib/libcross.so.1': cross })).toEqual([
      'warning missing/architecture arm64',
    ]);
  });

  it('reports a library in the directory of a different machine', () => {
    const files = { [`${LIB}/libcross.so.1`]: library('libcross.so.1', { machine: EM_AARCH64 }) };
    expect(found('missing/architecture', files)).toEqual(['warning missing/architecture arm64']);
  });
});

describe('a library that exists but that no search finds', () => {
  const needs = { needed: ['libiscsi.so.9'] };
  const iscsi = { '/usr/lib64/iscsi/libiscsi.so.9': library('libiscsi.so.9') };
  const conf = (where: string) => ({ [where]: { text: '# iscsi\n/usr/lib64/iscsi\n' } });

  it('is missing/unread-ld-conf if only a file below /usr names its directory', () => {
    const files = app(needs, { ...iscsi, ...conf('/usr/lib/ld.so.conf.d/iscsi.conf') });
    expect(found('missing/unread-ld-conf', files)).toEqual([
      'error missing/unread-ld-conf /usr/lib64/iscsi/libiscsi.so.9',
    ]);
    expect(found('missing/library', files)).toEqual([]);
  });

  it('is missing/not-in-cache if the host’s ld.so.conf names its directory', () => {
    const etc = {
      '/etc/ld.so.conf': { text: 'include /etc/ld.so.conf.d/*.conf\n' },
      ...conf('/etc/ld.so.conf.d/iscsi.conf'),
    };
    expect(found('missing/not-in-cache', app(needs, iscsi), etc)).toEqual([
      'error missing/not-in-cache /usr/lib64/iscsi/libiscsi.so.9',
    ]);
    expect(found('missing/unread-ld-conf', app(needs, iscsi), etc)).toEqual([]);
  });

  it('is missing/library if nothing names its directory, and no finding if a run path does', () => {
    expect(found('missing/library', app(needs, iscsi))).toEqual(['error missing/library libiscsi.so.9']);
    const led = app(
      { ...needs, runpath: '/usr/lib64/iscsi' },
      { ...iscsi, ...conf('/usr/lib/ld.so.conf.d/iscsi.conf') },
    );
    expect(found('missing/unread-ld-conf', led)).toEqual([]);
    expect(found('missing/library', led)).toEqual([]);
  });
});

describe('missing/script-interpreter', () => {
  const script = (line: string, mode = 0o755, path = '/usr/bin/tool') => ({
    [path]: { text: `${line}\n`, mode },
  });

  it('reports an interpreter that nothing provides', () => {
    expect(found('missing/script-interpreter', script('#!/usr/bin/perl -w'))).toEqual([
      'error missing/script-interpreter /usr/bin/perl',
    ]);
    expect(found('missing/script-interpreter', script('#!/usr/bin/env -S perl -w'))).toEqual([
      'error missing/script-interpreter perl',
    ]);
  });

  it('accepts an existing interpreter, a file that is not executable, and a module of a language', () => {
    expect(found('missing/script-interpreter', script('#!/usr/bin/sh'))).toEqual([]);
    expect(found('missing/script-interpreter', script('#!/usr/bin/env sh'))).toEqual([]);
    expect(found('missing/script-interpreter', script('#!/usr/bin/perl', 0o644))).toEqual([]);
    const module = script('#!/usr/local/bin/python', 0o755, '/usr/lib/python3.11/cgi.py');
    expect(found('missing/script-interpreter', module)).toEqual([]);
  });
});

describe('a self-contained extension', () => {
  it('is checked in the same way', () => {
    const files = {
      '/usr/bin/app': program({ interp: PRIVATE_LOADER, references: ['gone'] }),
      [PRIVATE_LOADER]: openLoader,
      [`${PRIVATE}/libc.so.6`]: library('libc.so.6'),
    };
    expect(found('missing/symbol', files, {}, 'ID=_any\n')).toEqual([
      'error missing/symbol gone of /usr/bin/app',
    ]);
  });
});
