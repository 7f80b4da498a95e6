import { afterAll, describe, expect, it } from 'vitest';
import {
  auditOf,
  brief,
  extension,
  host,
  LIB,
  library,
  openLoader,
  PRIVATE,
  PRIVATE_LOADER,
  program,
  removeRoots,
} from './world.ts';

afterAll(removeRoots);

const hosts = { debian: host() };
const bound = 'ID=debian\nVERSION_ID=13\n';
const whole = {
  '/usr/bin/app': program({ interp: PRIVATE_LOADER }),
  [PRIVATE_LOADER]: openLoader,
  [`${PRIVATE}/libc.so.6`]: library('libc.so.6', { verdef: ['GLIBC_2.2.5'] }),
};

describe('missing/library', () => {
  it('is an error for a program, and lists every searched place', () => {
    const files = {
      ...whole,
      '/usr/bin/app': program({ interp: PRIVATE_LOADER, needed: ['libgone.so.1', 'libc.so.6'] }),
    };
    const { findings } = auditOf({ extensions: { app: extension('app', files) }, hosts });
    expect(brief(findings)).toEqual(['error missing/library libgone.so.1']);
    expect(findings[0]).toMatchObject({
      searched: expect.arrayContaining([expect.objectContaining({ path: `${PRIVATE}/libgone.so.1` })]),
    });
  });

  it('is a warning for a plugin', () => {
    const files = {
      ...whole,
      '/usr/lib/app/plugin.so': library('plugin.so', { needed: ['libgone.so.1', 'libc.so.6'] }),
    };
    const { findings } = auditOf({ extensions: { app: extension('app', files) }, hosts });
    expect(brief(findings)).toEqual(['warning missing/library libgone.so.1']);
    expect(findings[0]!.chain.map(({ name }) => name)).toEqual(['/usr/lib/app/plugin.so', 'libgone.so.1']);
  });

  it('lets the host provide it for a host-bound extension', () => {
    const files = { '/usr/bin/app': program({ needed: ['libhost.so.1'] }) };
    const world = { app: extension('app', files, bound) };
    expect(brief(auditOf({ extensions: world, hosts }).findings)).toEqual([
      'error missing/library libhost.so.1',
    ]);
    const having = { debian: host(undefined, { [`${LIB}/libhost.so.1`]: library('libhost.so.1') }) };
    expect(auditOf({ extensions: world, hosts: having }).findings).toEqual([]);
    expect(brief(auditOf({ extensions: world }).findings)).toEqual(['info missing/library libhost.so.1']);
  });

  it('uses the host’s cache as it is, not as ldconfig would build it', () => {
    const files = { '/usr/bin/app': program({ needed: ['libhost.so.1'] }) };
    const elsewhere = host(undefined, {
      '/opt/vendor/libhost.so.1': library('libhost.so.1'),
      '/etc/ld.so.conf': { text: '/opt/vendor\n' },
    });
    const { findings } = auditOf({
      extensions: { app: extension('app', files, bound) },
      hosts: { debian: elsewhere },
    });
    expect(brief(findings)).toEqual(['error missing/not-in-cache /opt/vendor/libhost.so.1']);
  });
});

describe('a library that no search reaches', () => {
  const files = { ...whole, '/usr/bin/app': program({ interp: PRIVATE_LOADER, needed: ['libx.so.1'] }) };
  const fixOf = (extensions: Parameters<typeof auditOf>[0]['extensions']) =>
    auditOf({ extensions, hosts }).findings.flatMap(({ kind, fix }) =>
      kind === 'missing/library' ? fix : [],
    );

  it('is served by --library-path if its own extension has it', () => {
    const app = extension('app', { ...files, '/usr/lib/app/libx.so.1': library('libx.so.1') });
    expect(fixOf({ app })).toEqual([
      'Vendor the programs again with “flix vendor --library-path /usr/lib/app”.',
    ]);
  });

  it('is not offered from the private directory of another extension', () => {
    const other = extension('other', { '/usr/local/other/lib/libx.so.1': library('libx.so.1') });
    expect(fixOf({ app: extension('app', files), other }).join()).not.toContain('/usr/local/other');
  });

  it('is not offered from such a directory that a running host has merged, or that nothing but ld.so.conf.d of the other names', () => {
    const library1 = { '/usr/local/other/lib/libx.so.1': library('libx.so.1') };
    const conf = { '/usr/lib/ld.so.conf.d/other.conf': { text: '/usr/local/other/lib\n' } };
    const marks = {
      '/usr/local/other/manifest.json': { text: '{}' },
      '/usr/local/other/ld.so': { link: 'lib/x' },
    };
    for (const extensions of [
      { app: extension('app', files), other: extension('other', { ...library1, ...conf }) },
      { app: extension('app', files) },
    ])
      for (const finding of auditOf({
        extensions,
        hosts: {
          debian: host(undefined, {
            ...library1,
            ...marks,
            '/usr/lib/extra/libx.so.1': library('libx.so.1'),
          }),
        },
      }).findings.filter(({ extension: of }) => of === 'app')) {
        expect(finding.fix).not.toContain('/usr/local/other');
        if (finding.culprit !== 'libx.so.1') continue;
        expect(finding.message).toBe(
          'libx.so.1 is missing: no search reaches /usr/lib/extra/libx.so.1 of the host',
        );
      }
  });
});

describe('an object that no program loads at start', () => {
  const plugin = library('plugin.so', { needed: ['libhelp.so.1', 'libc.so.6'] });
  const help = library('libhelp.so.1');

  it('is loaded by the loader of the programs beside it, not by the host’s', () => {
    const files = { ...whole, '/usr/lib/app/plugin.so': plugin, [`${PRIVATE}/libhelp.so.1`]: help };
    expect(brief(auditOf({ extensions: { app: extension('app', files) }, hosts }).findings)).toEqual([]);
  });

  it('uses the run path of its program', () => {
    const rpath = '/usr/local/app/more';
    const files = {
      ...whole,
      '/usr/bin/app': program({ interp: PRIVATE_LOADER, rpath }),
      '/usr/lib/app/plugin.so': plugin,
      [`${rpath}/libhelp.so.1`]: help,
    };
    expect(brief(auditOf({ extensions: { app: extension('app', files) }, hosts }).findings)).toEqual([]);
    const runpath = { ...files, '/usr/bin/app': program({ interp: PRIVATE_LOADER, runpath: rpath }) };
    // DT_RUNPATH is not inherited
    expect(brief(auditOf({ extensions: { app: extension('app', runpath) }, hosts }).findings)).toEqual([
      'warning missing/library libhelp.so.1',
    ]);
  });

  it('is judged with the libraries that it loads, for which its DT_RPATH counts', () => {
    const more = '/usr/local/app/more';
    const later = (needed: string) => ({
      '/usr/bin/app': program(),
      '/usr/lib/app/plugin.so': library('plugin.so', { needed: ['libhelp.so.1'], rpath: more }),
      [`${more}/libhelp.so.1`]: library('libhelp.so.1', { needed: [needed] }),
      [`${more}/libother.so.1`]: library('libother.so.1', { needed: ['libhelp.so.1'], rpath: more }),
    });
    const findings = (needed: string) =>
      auditOf({ extensions: { app: extension('app', later(needed), bound) }, hosts }).findings.flatMap(
        ({ kind, subject, culprit }) => (kind === 'missing/library' ? [`${subject} ${culprit}`] : []),
      );
    expect(findings('libother.so.1')).toEqual([]);
    expect(findings('libgone.so.1')).toEqual(['/usr/lib/app/plugin.so libgone.so.1']);
  });

  it('is judged by itself if two load each other', () => {
    const pair = (name: string, other: string, gone: string) => ({
      [`${PRIVATE}/${name}`]: library(name, { needed: [other, gone] }),
    });
    const files = {
      ...whole,
      ...pair('liba.so.1', 'libb.so.1', 'libgone-a.so.1'),
      ...pair('libb.so.1', 'liba.so.1', 'libgone-b.so.1'),
    };
    const { findings } = auditOf({ extensions: { app: extension('app', files) }, hosts });
    expect(new Set(brief(findings))).toEqual(
      new Set(['warning missing/library libgone-a.so.1', 'warning missing/library libgone-b.so.1']),
    );
  });

  it('is judged by the program with the fewest problems', () => {
    const files = {
      ...whole,
      '/usr/bin/aaa': program(),
      '/usr/lib/app/plugin.so': plugin,
      [`${PRIVATE}/libhelp.so.1`]: help,
    };
    const { findings } = auditOf({ extensions: { app: extension('app', files) }, hosts });
    expect(findings.filter(({ subject }) => subject === '/usr/lib/app/plugin.so')).toEqual([]);
  });

  it('uses the host’s loader if the extension has no program', () => {
    const module = { [`${LIB}/libnss_app.so.2`]: library('libnss_app.so.2', { needed: ['libc.so.6'] }) };
    expect(brief(auditOf({ extensions: { app: extension('app', module) }, hosts }).findings)).toEqual([
      `error leaks/host-library ${LIB}/libc.so.6`,
    ]);
    expect(auditOf({ extensions: { app: extension('app', module, bound) }, hosts }).findings).toEqual([]);
  });
});

describe('missing/symbol-version', () => {
  const newer = { '/usr/bin/app': program({ verneed: { 'libc.so.6': ['GLIBC_2.38'] } }) };

  it('requires the versions that the host’s libraries define', () => {
    const { findings } = auditOf({ extensions: { app: extension('app', newer, bound) }, hosts });
    expect(brief(findings)).toEqual([`error missing/symbol-version GLIBC_2.38 of ${LIB}/libc.so.6`]);
    expect(findings[0]).toMatchObject({ version: 'GLIBC_2.38', requester: '/usr/bin/app' });
  });

  it('accepts an existing version, and a missing weak one', () => {
    const older = { '/usr/bin/app': program({ verneed: { 'libc.so.6': ['GLIBC_2.36', 'GLIBC_2.38?'] } }) };
    expect(auditOf({ extensions: { app: extension('app', older, bound) }, hosts }).findings).toEqual([]);
  });

  it('reports a version from a file that is not loaded', () => {
    const wrong = { '/usr/bin/app': program({ verneed: { 'libm.so.6': ['GLIBC_2.2.5'] } }) };
    expect(brief(auditOf({ extensions: { app: extension('app', wrong, bound) }, hosts }).findings)).toEqual([
      'error missing/version-file libm.so.6 for /usr/bin/app',
    ]);
  });

  it('is not reported for a missing library', () => {
    const gone = {
      '/usr/bin/app': program({ needed: ['libgone.so.1'], verneed: { 'libgone.so.1': ['GONE_1'] } }),
    };
    expect(brief(auditOf({ extensions: { app: extension('app', gone, bound) }, hosts }).findings)).toEqual([
      'error missing/library libgone.so.1',
    ]);
  });
});

describe('broken/unloadable', () => {
  it('reports a file at which the search stops', () => {
    const files = {
      ...whole,
      '/usr/bin/app': program({ interp: PRIVATE_LOADER, needed: ['libtext.so'] }),
      [`${PRIVATE}/libtext.so`]: { text: 'INPUT(-lc) /* a linker script */\n' },
    };
    expect(brief(auditOf({ extensions: { app: extension('app', files) }, hosts }).findings)).toEqual([
      `error broken/unloadable ${PRIVATE}/libtext.so`,
    ]);
  });

  it('accepts a text that nothing loads', () => {
    const files = { ...whole, [`${PRIVATE}/libtext.so`]: { text: 'INPUT(-lc) /* a linker script */\n' } };
    expect(brief(auditOf({ extensions: { app: extension('app', files) }, hosts }).findings)).toEqual([]);
  });

  it('reports an ELF file with invalid tables, as an error if it is a program', () => {
    const torn = `\u007fELF\u0002\u0001\u0001${'\u0001'.repeat(200)}`;
    const files = {
      ...whole,
      '/usr/lib/torn.so': { text: torn },
      '/usr/bin/torn': { text: torn },
    };
    expect(brief(auditOf({ extensions: { app: extension('app', files) }, hosts }).findings)).toEqual([
      'error broken/unloadable /usr/bin/torn',
      'warning broken/unloadable /usr/lib/torn.so',
    ]);
  });
});
