import { afterAll, describe, expect, it } from 'vitest';
import {
  auditOf,
  extension,
  type Files,
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

/** Failures that people reported, rebuilt in small; docs/would-have-caught.md tells of each. */
interface Report {
  readonly name: string;
  readonly release: string;
  readonly files: Files;
  readonly over: Files;
  /** What has to be found: the culprit, and a word of the remedy. */
  readonly found: Readonly<Record<string, { readonly culprit: string; readonly remedy: RegExp }>>;
  /** What makes it good. */
  readonly mended: Files;
}

const BOUND = 'ID=debian\nVERSION_ID=13\n';
const libm = (verdef: readonly string[], defines: readonly string[]) =>
  library('libm.so.6', { verdef, defines });
const sqlite = library('libsqlite3.so.0', {
  needed: ['libm.so.6', 'libc.so.6'],
  verneed: { 'libm.so.6': ['GLIBC_2.38'] },
  references: ['fmod@GLIBC_2.38'],
});
const newLibm = libm(['GLIBC_2.29', 'GLIBC_2.38'], ['fmod@@GLIBC_2.38']);
const bundling = {
  '/usr/bin/app': program({
    interp: PRIVATE_LOADER,
    runpath: `${PRIVATE}:${LIB}`,
    needed: ['libm.so.6', 'libsqlite3.so.0', 'libc.so.6'],
  }),
  [PRIVATE_LOADER]: openLoader,
  [`${PRIVATE}/libc.so.6`]: library('libc.so.6'),
  [`${PRIVATE}/libm.so.6`]: libm(['GLIBC_2.29'], []),
};
const iscsi = {
  '/usr/sbin/iscsid': program({ needed: ['libopeniscsiusr.so.0', 'libc.so.6'] }),
  '/usr/lib64/iscsi/libopeniscsiusr.so.0': library('libopeniscsiusr.so.0'),
  '/usr/lib/ld.so.conf.d/iscsi.conf': { text: '/usr/lib64/iscsi\n' },
};
const xkbcommon = (versions: readonly string[]) => ({
  [`${LIB}/libxkbcommon.so.0`]: library('libxkbcommon.so.0', { verdef: versions }),
});
const compositor = {
  ...xkbcommon(['V_0.5.0', 'V_1.8.0']),
  '/usr/bin/compositor': program({
    needed: ['libxkbcommon.so.0', 'libc.so.6'],
    verneed: { 'libxkbcommon.so.0': ['V_1.8.0'] },
  }),
};
const libc = (verdef: readonly string[]) => ({ [`${LIB}/libc.so.6`]: library('libc.so.6', { verdef }) });
const init = {
  ...libc(['GLIBC_2.2.5', 'GLIBC_2.41']),
  '/usr/lib/systemd/systemd': program({ verneed: { 'libc.so.6': ['GLIBC_2.41'] } }),
};

const reports: readonly Report[] = [
  {
    name: 'a bundled libm beside the host’s libsqlite3',
    release: 'ID=_any\n',
    files: bundling,
    over: { [`${LIB}/libsqlite3.so.0`]: sqlite, [`${LIB}/libm.so.6`]: newLibm },
    found: {
      'leaks/host-library': { culprit: `${LIB}/libsqlite3.so.0`, remedy: /bring the library/ },
      'missing/symbol-version': { culprit: `GLIBC_2.38 of ${PRIVATE}/libm.so.6`, remedy: /from one root/ },
    },
    mended: {
      ...bundling,
      [`${PRIVATE}/libsqlite3.so.0`]: library('libsqlite3.so.0', { needed: ['libm.so.6', 'libc.so.6'] }),
    },
  },
  {
    name: 'a library in /usr/lib64/iscsi with its ld.so.conf.d file under /usr',
    release: BOUND,
    files: iscsi,
    over: {},
    found: {
      'missing/unread-ld-conf': {
        culprit: '/usr/lib64/iscsi/libopeniscsiusr.so.0',
        remedy: /run path/,
      },
    },
    mended: {
      ...iscsi,
      '/usr/sbin/iscsid': program({ needed: ['libopeniscsiusr.so.0'], runpath: '/usr/lib64/iscsi' }),
    },
  },
  {
    name: 'an older libxkbcommon over the host’s',
    release: BOUND,
    files: xkbcommon(['V_0.5.0']),
    over: compositor,
    found: {
      'shadowing/breaks-host': { culprit: `${LIB}/libxkbcommon.so.0`, remedy: /private directory/ },
      'shadowing/host-library': { culprit: `${LIB}/libxkbcommon.so.0`, remedy: /private directory/ },
    },
    mended: { '/usr/local/app/lib/libxkbcommon.so.0': library('libxkbcommon.so.0') },
  },
  {
    name: 'a glibc over the host’s',
    release: BOUND,
    files: libc(['GLIBC_2.2.5']),
    over: init,
    found: {
      'shadowing/host-libc': { culprit: `${LIB}/libc.so.6`, remedy: /C library of its own/ },
      'shadowing/breaks-host': { culprit: `${LIB}/libc.so.6`, remedy: /leave it out/ },
    },
    mended: { '/usr/local/app/lib/libc.so.6': library('libc.so.6') },
  },
];

describe.each(reports)('$name', ({ release, files, over, found, mended }) => {
  const audited = (tree: Files) =>
    auditOf({
      extensions: { app: extension('app', tree, release) },
      hosts: { debian: host(undefined, over) },
    }).findings;

  it('is found, with its culprit and its remedy', () => {
    const findings = audited(files);
    for (const [kind, { culprit, remedy }] of Object.entries(found)) {
      const finding = findings.find(one => one.kind === kind && one.culprit === culprit);
      expect(finding, `${kind} ${culprit}`).toBeDefined();
      expect(finding!.remedy).toMatch(remedy);
    }
  });

  it('is not found once it is mended', () => {
    expect(audited(mended).filter(({ kind }) => kind in found)).toEqual([]);
  });
});
