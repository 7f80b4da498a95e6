import { afterAll, describe, expect, it } from 'vitest';
import {
  auditOf,
  briefOf,
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
} from '../world.ts';

afterAll(removeRoots);

const BOUND = 'ID=debian\nVERSION_ID=13\n';

const found = (kind: string, files: Files, over: Files = {}, release = 'ID=_any\n') =>
  briefOf(
    auditOf({
      extensions: { app: extension('app', files, release) },
      hosts: { debian: host(undefined, over) },
    }).findings,
    kind,
  );

const app = (recipe: Parameters<typeof program>[0] = {}, more: Files = {}): Files => ({
  '/usr/bin/app': program({ interp: PRIVATE_LOADER, ...recipe }),
  [PRIVATE_LOADER]: openLoader,
  [`${PRIVATE}/libc.so.6`]: library('libc.so.6'),
  ...more,
});

describe('leaks/run-path', () => {
  const withPath = (runpath: string, more: Files = {}) => app({ runpath }, more);

  it.each([LIB, '/home/user/build', 'lib', '', '/opt/vendor/lib', '$ORIGIN/../lib'])('is %j', runpath => {
    expect(found('leaks/run-path', withPath(`${PRIVATE}:${runpath}`))).toEqual([
      `warning leaks/run-path ${runpath}`,
    ]);
  });

  it('is not a directory of the extension alone, however it is written', () => {
    expect(found('leaks/run-path', withPath(PRIVATE))).toEqual([]);
    expect(found('leaks/run-path', withPath('$ORIGIN/../local/app/lib'))).toEqual([]);
    const linked = withPath('/usr/lib/app', { '/usr/lib/app': { link: '../local/app/lib' } });
    expect(found('leaks/run-path', linked)).toEqual([]);
  });

  it('is of a host-bound extension what any user can fill only', () => {
    expect(found('leaks/run-path', withPath(LIB), {}, BOUND)).toEqual([]);
    expect(found('leaks/run-path', withPath('lib'), {}, BOUND)).toHaveLength(1);
  });
});

describe('leaks/script-interpreter', () => {
  const script = (line: string, path = '/usr/bin/tool') => ({ [path]: { text: `${line}\n`, mode: 0o755 } });
  const perl = { '/usr/bin/perl': program() };

  it('is a program of the host that runs a script', () => {
    expect(found('leaks/script-interpreter', script('#!/usr/bin/perl'), perl)).toEqual([
      'warning leaks/script-interpreter /usr/bin/perl',
    ]);
    expect(found('leaks/script-interpreter', script('#!/usr/bin/env perl'), perl)).toEqual([
      'warning leaks/script-interpreter perl',
    ]);
  });

  it('is a note where every host has it, or nobody starts the file by its name', () => {
    expect(found('leaks/script-interpreter', script('#!/usr/bin/sh'))).toEqual([
      'info leaks/script-interpreter /usr/bin/sh',
    ]);
    expect(found('leaks/script-interpreter', script('#!/usr/bin/perl', '/usr/share/app/x'), perl)).toEqual([
      'info leaks/script-interpreter /usr/bin/perl',
    ]);
  });

  it('is not an interpreter of the extension, nor anything of a host-bound one', () => {
    expect(found('leaks/script-interpreter', { ...script('#!/usr/bin/perl'), ...perl }, perl)).toEqual([]);
    expect(found('leaks/script-interpreter', script('#!/usr/bin/perl'), perl, BOUND)).toEqual([]);
  });
});

describe('leaks/dlopen', () => {
  const pulse = { [`${LIB}/libpulse.so.0`]: library('libpulse.so.0') };
  const note = (priority: string) => JSON.stringify([{ soname: ['libpulse.so.0'], priority }]);
  const reaching = (recipe: Parameters<typeof program>[0]): Files => ({
    '/usr/bin/app': program(recipe),
  });

  it('is a library that a note names and only the host has', () => {
    expect(found('leaks/dlopen', reaching({ dlopenNote: note('recommended') }), pulse)).toEqual([
      'warning leaks/dlopen libpulse.so.0',
    ]);
  });

  it('is a note where a string only, or a suggestion, tells', () => {
    expect(found('leaks/dlopen', reaching({ data: '\0libpulse.so.0\0' }), pulse)).toEqual([
      'info leaks/dlopen libpulse.so.0',
    ]);
    expect(found('leaks/dlopen', reaching({ dlopenNote: note('suggested') }), pulse)).toEqual([
      'info leaks/dlopen libpulse.so.0',
    ]);
  });

  it('is not what the extension has, the host lacks, or text that merely holds the name', () => {
    const own = {
      ...reaching({ dlopenNote: note('required'), runpath: PRIVATE }),
      [`${PRIVATE}/libpulse.so.0`]: library('libpulse.so.0'),
    };
    expect(found('leaks/dlopen', own, pulse)).toEqual([]);
    expect(found('leaks/dlopen', reaching({ dlopenNote: note('required') }))).toEqual([]);
    expect(found('leaks/dlopen', reaching({ data: '\0cannot open libpulse.so.0\0' }), pulse)).toEqual([]);
  });

  it('is nothing that a loader with a private directory cannot come to', () => {
    expect(found('leaks/dlopen', app({ dlopenNote: note('required') }), pulse)).toEqual([]);
  });
});

describe('leaks/host-modules', () => {
  const gconv = { '/usr/lib/gconv/UTF-7.so': library('UTF-7.so') };
  const opens = (directory: string): Files => ({
    ...app(),
    [`${PRIVATE}/libc.so.6`]: library('libc.so.6', { data: `\0${directory}\0` }),
  });

  it('is a libc whose converters are the host’s', () => {
    expect(found('leaks/host-modules', opens('/usr/lib/gconv'), gconv)).toEqual([
      `warning leaks/host-modules character set converters for ${PRIVATE}/libc.so.6`,
    ]);
  });

  it('is not one with a directory of its own, on a host without them, or the host’s own libc', () => {
    const own = { ...opens(`${PRIVATE}/gconv`), [`${PRIVATE}/gconv/UTF-7.so`]: library('UTF-7.so') };
    expect(found('leaks/host-modules', own, gconv)).toEqual([]);
    expect(found('leaks/host-modules', opens('/usr/lib/gconv'))).toEqual([]);
    expect(found('leaks/host-modules', { '/usr/bin/app': program() }, gconv)).toEqual([]);
  });

  it('is a libpam whose modules are the host’s', () => {
    const pam = { [`${PRIVATE}/libpam.so.0`]: library('libpam.so.0', { data: '\0/usr/lib/security\0' }) };
    const modules = { '/usr/lib/security/pam_unix.so': library('pam_unix.so') };
    const files = app({ needed: ['libpam.so.0', 'libc.so.6'] }, pam);
    expect(found('leaks/host-modules', files, modules)).toEqual([
      `warning leaks/host-modules PAM modules for ${PRIVATE}/libpam.so.0`,
    ]);
    expect(found('leaks/host-modules', app({}, pam), modules)).toEqual([]);
  });

  it('is an NSS module that the host’s configuration names and its directories hold', () => {
    const nss = {
      '/etc/nsswitch.conf': { text: 'passwd: files sss [NOTFOUND=return] # domain\nhosts: files dns\n' },
      [`${LIB}/libnss_sss.so.2`]: library('libnss_sss.so.2'),
    };
    const reaching = { ...app({ interp: '/lib64/ld-linux-x86-64.so.2', runpath: PRIVATE }) };
    expect(found('leaks/host-modules', reaching, nss)).toEqual([
      `warning leaks/host-modules NSS modules for ${PRIVATE}/libc.so.6`,
    ]);
    expect(found('leaks/host-modules', app(), nss)).toEqual([]);
    const other = { ...nss, '/etc/nsswitch.conf': { text: 'passwd: files\n' } };
    expect(found('leaks/host-modules', reaching, other)).toEqual([]);
  });
});
