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

  it.each([LIB, '/home/user/build', 'lib', '', '/opt/vendor/lib', '$ORIGIN/../lib'])(
    'reports %j',
    runpath => {
      expect(found('leaks/run-path', withPath(`${PRIVATE}:${runpath}`))).toEqual([
        `warning leaks/run-path ${runpath}`,
      ]);
    },
  );

  it('accepts a directory of the extension alone, however it is written', () => {
    expect(found('leaks/run-path', withPath(PRIVATE))).toEqual([]);
    expect(found('leaks/run-path', withPath('$ORIGIN/../local/app/lib'))).toEqual([]);
    const linked = withPath('/usr/lib/app', { '/usr/lib/app': { link: '../local/app/lib' } });
    expect(found('leaks/run-path', linked)).toEqual([]);
  });

  it('reports only what any user can fill, if the extension is bound to its host', () => {
    expect(found('leaks/run-path', withPath(LIB), {}, BOUND)).toEqual([]);
    expect(found('leaks/run-path', withPath('lib'), {}, BOUND)).toHaveLength(1);
  });
});

describe('leaks/script-interpreter', () => {
  const script = (line: string, path = '/usr/bin/tool') => ({ [path]: { text: `${line}\n`, mode: 0o755 } });
  const perl = { '/usr/bin/perl': program() };

  it('reports a program of the host that runs a script', () => {
    expect(found('leaks/script-interpreter', script('#!/usr/bin/perl'), perl)).toEqual([
      'warning leaks/script-interpreter /usr/bin/perl',
    ]);
    expect(found('leaks/script-interpreter', script('#!/usr/bin/env perl'), perl)).toEqual([
      'warning leaks/script-interpreter perl',
    ]);
  });

  it.each(['#!/bin/sh', '#!/usr/bin/sh', '#!/usr/bin/env sh'])('accepts what every host has: %s', line => {
    expect(found('leaks/script-interpreter', script(line))).toEqual([]);
  });

  it('is a note if nobody runs the file by its name', () => {
    expect(found('leaks/script-interpreter', script('#!/usr/bin/perl', '/usr/share/app/x'), perl)).toEqual([
      'info leaks/script-interpreter /usr/bin/perl',
    ]);
  });

  it('accepts an interpreter of the extension, and anything in a host-bound extension', () => {
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

  it('reports a library that a note names and only the host has', () => {
    expect(found('leaks/dlopen', reaching({ dlopenNote: note('recommended') }), pulse)).toEqual([
      'warning leaks/dlopen libpulse.so.0',
    ]);
  });

  it('is a note if only a string or a suggestion names the library', () => {
    expect(found('leaks/dlopen', reaching({ data: '\0libpulse.so.0\0' }), pulse)).toEqual([
      'info leaks/dlopen libpulse.so.0',
    ]);
    expect(found('leaks/dlopen', reaching({ dlopenNote: note('suggested') }), pulse)).toEqual([
      'info leaks/dlopen libpulse.so.0',
    ]);
  });

  it('accepts what the extension has, what the host lacks, and text that merely contains the name', () => {
    const own = {
      ...reaching({ dlopenNote: note('required'), runpath: PRIVATE }),
      [`${PRIVATE}/libpulse.so.0`]: library('libpulse.so.0'),
    };
    expect(found('leaks/dlopen', own, pulse)).toEqual([]);
    expect(found('leaks/dlopen', reaching({ dlopenNote: note('required') }))).toEqual([]);
    expect(found('leaks/dlopen', reaching({ data: '\0cannot open libpulse.so.0\0' }), pulse)).toEqual([]);
  });

  it('accepts what a loader with a private directory cannot reach', () => {
    expect(found('leaks/dlopen', app({ dlopenNote: note('required') }), pulse)).toEqual([]);
  });
});

describe('leaks/host-modules', () => {
  const gconv = { '/usr/lib/gconv/UTF-7.so': library('UTF-7.so') };
  const opens = (directory: string): Files => ({
    ...app(),
    [`${PRIVATE}/libc.so.6`]: library('libc.so.6', { data: `\0${directory}\0` }),
  });

  it('reports a libc that uses the host’s converters', () => {
    expect(found('leaks/host-modules', opens('/usr/lib/gconv'), gconv)).toEqual([
      `warning leaks/host-modules character set converters for ${PRIVATE}/libc.so.6`,
    ]);
  });

  it('accepts a libc with its own directory, a host without converters, and the host’s own libc', () => {
    const own = { ...opens(`${PRIVATE}/gconv`), [`${PRIVATE}/gconv/UTF-7.so`]: library('UTF-7.so') };
    expect(found('leaks/host-modules', own, gconv)).toEqual([]);
    expect(found('leaks/host-modules', opens('/usr/lib/gconv'))).toEqual([]);
    expect(found('leaks/host-modules', { '/usr/bin/app': program() }, gconv)).toEqual([]);
  });

  it('reports a libpam that uses the host’s modules', () => {
    const pam = { [`${PRIVATE}/libpam.so.0`]: library('libpam.so.0', { data: '\0/usr/lib/security\0' }) };
    const modules = { '/usr/lib/security/pam_unix.so': library('pam_unix.so') };
    const files = app({ needed: ['libpam.so.0', 'libc.so.6'] }, pam);
    expect(found('leaks/host-modules', files, modules)).toEqual([
      `warning leaks/host-modules PAM modules for ${PRIVATE}/libpam.so.0`,
    ]);
    expect(found('leaks/host-modules', app({}, pam), modules)).toEqual([]);
  });

  it('reports an NSS module that the host’s configuration names and its directories contain', () => {
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

describe('leaks/host-modules, if a module of the host does not load', () => {
  const kind = 'leaks/host-modules';
  const NEWER = { needed: ['libc.so.6'], verneed: { 'libc.so.6': ['GLIBC_2.38'] } };
  const own = { [`${PRIVATE}/libc.so.6`]: library('libc.so.6', { verdef: ['GLIBC_2.2.5', 'GLIBC_2.36'] }) };
  const rule = (line: string): Files => ({ '/etc/pam.d/login': { text: `#%PAM-1.0\n${line}\n` } });
  const PAM = { '/usr/lib/security/pam_new.so': library('pam_new.so', NEWER) };
  const login = app(
    { needed: ['libpam.so.0', 'libc.so.6'] },
    { ...own, [`${PRIVATE}/libpam.so.0`]: library('libpam.so.0', { data: '\0/usr/lib/security\0' }) },
  );
  const login13 = [`error ${kind} PAM modules for ${PRIVATE}/libpam.so.0`];
  const opened = [`warning ${kind} PAM modules for ${PRIVATE}/libpam.so.0`];

  it.each([
    ['auth required pam_new.so'],
    ['auth\t[success=1 default=ignore]\tpam_new.so nullok'],
    ['session sufficient /lib/security/pam_new.so'],
    ['password \\\n  requisite pam_new.so'],
  ])('reports an error for a PAM module that a service requires: %j', line => {
    expect(found(kind, login, { ...PAM, ...rule(line) })).toEqual(login13);
    expect(found(kind, login, { ...PAM, ...rule(line) }, BOUND)).toEqual(login13);
  });

  it.each([
    ['-session required pam_new.so'],
    ['session optional pam_new.so'],
    ['# auth required pam_new.so'],
  ])('does not report an error for a PAM module that may fail: %j', line => {
    expect(found(kind, login, { ...PAM, ...rule(line) })).toEqual(opened);
    expect(found(kind, login, { ...PAM, ...rule(line) }, BOUND)).toEqual([]);
  });

  it('reads pam.conf and the configuration below /usr', () => {
    const conf = { '/etc/pam.conf': { text: 'login auth required pam_new.so\n' } };
    expect(found(kind, login, { ...PAM, ...conf })).toEqual(login13);
    const vendor = { '/usr/lib/pam.d/login': { text: 'auth required pam_new.so\n' } };
    expect(found(kind, login, { ...PAM, ...vendor })).toEqual(login13);
  });

  it('says what is lacking, and which libraries would help', () => {
    const auditOver = (module: Parameters<typeof library>[1]) =>
      auditOf({
        extensions: { app: extension('app', login) },
        hosts: {
          debian: host(undefined, {
            '/usr/lib/security/pam_new.so': library('pam_new.so', module),
            ...rule('auth required pam_new.so'),
          }),
        },
      }).findings.find(finding => finding.kind === kind);
    expect(auditOver(NEWER)).toMatchObject({
      failing: ['/usr/lib/security/pam_new.so'],
      message: `app cannot load the PAM modules of the host: /usr/lib/security/pam_new.so needs GLIBC_2.38, which ${PRIVATE}/libc.so.6 of the extension app does not define`,
    });
    expect(auditOver({ needed: ['libselinux.so.1', 'libaudit.so.1'] })).toMatchObject({
      severity: 'error',
      fix: 'Ship what they need: “flix vendor --dlopen libselinux.so.1 --dlopen libaudit.so.1”.',
    });
    expect(auditOver({ stack: 'executable' })).toMatchObject({
      severity: 'error',
      message:
        'app cannot load the PAM modules of the host: /usr/lib/security/pam_new.so needs an executable stack, ' +
        'which its glibc does not give to a running program',
    });
    expect(auditOver({ needed: ['libc.so.6'], references: ['strange_function'] })?.message).toContain(
      'the symbol strange_function',
    );
  });

  it('reports converters, drivers and mechanisms in the same way', () => {
    const gconv = { '/usr/lib/gconv/UTF-7.so': library('UTF-7.so', NEWER) };
    const libc = library('libc.so.6', { verdef: ['GLIBC_2.36'], data: '\0/usr/lib/gconv\0' });
    expect(found(kind, app({}, { [`${PRIVATE}/libc.so.6`]: libc }), gconv)).toEqual([
      `error ${kind} character set converters for ${PRIVATE}/libc.so.6`,
    ]);
    for (const [soname, directory, what] of [
      ['libgbm.so.1', 'gbm', 'graphics drivers'],
      ['libGLX_mesa.so.0', 'dri', 'graphics drivers'],
      ['libva.so.2', 'dri', 'video drivers'],
      ['libsasl2.so.2', 'sasl2', 'authentication mechanisms'],
    ]) {
      const opener = library(soname!, { data: `\0/usr/lib/${directory}\0` });
      const files = app({ needed: [soname!, 'libc.so.6'] }, { ...own, [`${PRIVATE}/${soname}`]: opener });
      const module = (recipe: Parameters<typeof library>[1]) => ({
        [`/usr/lib/${directory}/x.so`]: library('x.so', recipe),
      });
      expect(found(kind, files, module(NEWER))).toEqual([`error ${kind} ${what} for ${PRIVATE}/${soname}`]);
      expect(found(kind, files, module({}))).toEqual([]);
    }
  });
});

describe('leaks/host-helper', () => {
  const kind = 'leaks/host-helper';
  const names = (...paths: readonly string[]) => `\0${paths.join('\0')}\0`;
  const dot = { '/usr/bin/dot': { elf: program(), mode: 0o755 } };
  const git = { '/usr/lib/git-core/git-remote-https': { elf: program(), mode: 0o755 } };
  const executes = (...paths: readonly string[]) => app({ data: names(...paths) });
  const inLibrary = (...paths: readonly string[]): Files => ({
    ...app({ needed: ['libx.so'] }),
    [`${PRIVATE}/libx.so`]: library('libx.so', { data: names(...paths) }),
  });

  it('is a note if the host has the program', () => {
    expect(found(kind, executes('/usr/bin/dot'), dot)).toEqual([`info ${kind} /usr/bin/dot`]);
    expect(found(kind, inLibrary('/usr/lib/git-core/git-remote-https'), git)).toEqual([
      `info ${kind} /usr/lib/git-core/git-remote-https`,
    ]);
  });

  it('is a note for a missing program if a library names it, or if it may be the end of a longer path', () => {
    expect(found(kind, executes('/usr/bin/dot'))).toEqual([`warning ${kind} /usr/bin/dot`]);
    expect(found(kind, inLibrary('/usr/bin/dot'))).toEqual([`info ${kind} /usr/bin/dot`]);
    expect(found(kind, executes('/bin/dot'))).toEqual([`info ${kind} /bin/dot`]);
  });

  it('joins all files that name a program, with the highest severity', () => {
    const files = {
      ...inLibrary('/usr/bin/dot'),
      '/usr/bin/tool': program({ interp: PRIVATE_LOADER, data: names('/usr/bin/dot') }),
    };
    const { findings } = auditOf({
      extensions: { app: extension('app', files) },
      hosts: { debian: host() },
    });
    expect(findings.filter(one => one.kind === kind)).toMatchObject([
      {
        severity: 'warning',
        subject: '/usr/bin/tool',
        alsoIn: ['/usr/bin/app'],
        namedBy: ['/usr/bin/tool', `${PRIVATE}/libx.so`],
      },
    ]);
  });

  it('accepts a program of the extension, a file that is not a program, and a part of a text', () => {
    expect(found(kind, { ...executes('/usr/bin/dot'), ...dot })).toEqual([]);
    expect(found(kind, { ...executes('/usr/bin/dot'), '/usr/bin/dot': { link: 'app' } })).toEqual([]);
    const data = { '/usr/lib/git-core/git-remote-https': { text: '' } };
    expect(found(kind, executes('/usr/lib/git-core/git-remote-https'), data)).toEqual([]);
    const shared = { '/usr/lib/x/libx.so': { elf: library('libx.so'), mode: 0o755 } };
    expect(found(kind, executes('/usr/lib/x/libx.so'), shared)).toEqual([]);
    expect(found(kind, executes('exec /usr/bin/dot', '/usr/bin/dot %s', '/usr/bin/'), dot)).toEqual([]);
  });

  it('accepts a missing path that is or may be a directory', () => {
    expect(found(kind, executes('/usr/bin/x11'), { '/usr/bin/x11': { directory: true } })).toEqual([]);
    expect(found(kind, executes('/usr/lib/app/plugins', '/usr/libexec/app', '/opt/app'))).toEqual([]);
  });

  it('accepts what every host has, what is optional, and one of several alternatives', () => {
    expect(found(kind, executes('/bin/sh', '/bin/zsh', '/usr/sbin/nscd'))).toEqual([`info ${kind} /bin/zsh`]);
    const sh = { '/bin': { link: 'usr/bin' }, '/usr/bin/sh': { elf: program(), mode: 0o755 } } as const;
    expect(found(kind, executes('/bin/sh', '/bin/zsh', '/usr/sbin/nscd'), sh)).toEqual([]);
    expect(found(kind, executes('/usr/sbin/dot', '/usr/bin/dot'), dot)).toEqual([
      `info ${kind} /usr/bin/dot`,
    ]);
  });

  it('advises nobody to ship a program of the service manager', () => {
    const fix = (more: Files) => {
      const extensions = { app: extension('app', executes('/sbin/init', '/usr/bin/systemctl')) };
      const { findings } = auditOf({ extensions, hosts: { debian: host(undefined, more) } });
      return findings
        .filter(one => one.kind === kind)
        .map(one => one.fix)
        .sort();
    };
    const sbin = {
      '/usr/sbin/init': { elf: program(), mode: 0o755 },
      '/sbin': { link: 'usr/sbin' },
    } as const;
    expect(fix({})).toEqual([
      expect.stringMatching(/^init belongs to the service manager .*no extension can bring it/),
      expect.stringMatching(/^systemctl belongs to the service manager .*no extension can bring it/),
    ]);
    expect(fix(sbin)[0]).toMatch(/^init belongs to the service manager .*its own is meant/);
  });

  it('reports nothing for a host-bound extension or without a host', () => {
    expect(found(kind, executes('/usr/bin/dot'), {}, BOUND)).toEqual([]);
    const { findings } = auditOf({ extensions: { app: extension('app', executes('/usr/bin/dot')) } });
    expect(briefOf(findings, kind)).toEqual([]);
  });
});
