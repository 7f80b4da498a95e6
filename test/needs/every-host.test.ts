import { describe, expect, it } from 'vitest';
import { isKeptByHost, isOfEveryHost } from '../../src/needs/every-host.ts';

describe('isOfEveryHost', () => {
  it.each([
    '/usr/lib/locale/C.utf8',
    '/usr/lib/locale/C.UTF-8/LC_CTYPE',
    '/usr/bin/sh',
    '/bin/cat',
    '/usr/lib/modules',
  ])('accepts %s', path => expect(isOfEveryHost(path)).toBe(true));

  it.each([
    '/usr/lib/locale',
    '/usr/lib/locale/de_DE.utf8',
    '/usr/bin/python3',
    '/usr/libexec/sh',
    '/usr/lib/git-core',
  ])('refuses %s, which hosts may lack', path => expect(isOfEveryHost(path)).toBe(false));
});

describe('isKeptByHost', () => {
  it.each(['/etc/ssl/certs', '/etc/ssl/openssl.cnf', '/etc/pki/tls/cert.pem', '/etc/localtime'])(
    'accepts %s, which all programs of a host share',
    path => expect(isKeptByHost(path)).toBe(true),
  );

  it.each(['/etc/java-17-openjdk/security', '/etc/sslx', '/etc', '/usr/lib/ssl/certs'])('refuses %s', path =>
    expect(isKeptByHost(path)).toBe(false),
  );
});
