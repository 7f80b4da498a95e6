import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { expect } from 'vitest';
import type { Stage } from '../lab/stage.ts';
import { type Kerberos, kerberos } from './kerberos.ts';
import { ldapServer } from './ldap-server.ts';

/** The servers that the clients talk to. */
export interface Servers {
  readonly kerberos: Kerberos;
  readonly ldap: number;
  /** Serves a page to whom the KDC gave a ticket (RFC 4559). */
  readonly negotiate: number;
  close(): Promise<void>;
}

const PAGE = 'a page of the test';

/** @param root has a KDC @param directory an empty directory */
export async function startServers(root: string, directory: string): Promise<Servers> {
  const kdc = await kerberos(root, directory);
  const ldap = await ldapServer(PAGE);
  const web = http.createServer(({ headers: { authorization = '' } }, response) => {
    // the token is one of GSS-API, not of NTLM
    if (authorization.startsWith('Negotiate YII')) response.end(PAGE);
    else response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end();
  });
  await new Promise<void>(go => web.listen(0, '127.0.0.1', go));
  return {
    kerberos: kdc,
    ldap: ldap.port,
    negotiate: (web.address() as AddressInfo).port,
    async close() {
      ldap.close();
      web.close();
      await kdc.close();
    },
  };
}

/** A program whose libraries load modules. */
export interface Client {
  readonly name: string;
  readonly entry: string;
  /** Further options of `flix vendor`. */
  readonly options: readonly string[];
  /** Modules that it must have mapped, as parts of their paths. */
  readonly modules: readonly RegExp[];
  readonly work: (stage: Pick<Stage, 'command' | 'data'>, servers: Servers) => Promise<void>;
}

/** The modules of which a hostile host has decoys, below the directory of libraries. */
export const decoys = [
  'gconv/ISO8859-15.so',
  'gconv/ISO8859-2.so',
  'krb5/plugins/preauth/spake.so',
  'sasl2/libplain.so',
  'security/pam_permit.so',
  'security/pam_unix.so',
];

const RECOMMENDED = ['--needs', 'recommended'];

export const clients: readonly Client[] = [
  {
    name: 'locale',
    entry: '/usr/bin/locale',
    options: [],
    modules: [],
    async work(stage) {
      expect(await output(stage, ['/usr/bin/locale', '-a'])).toMatch(/^C\.(?:utf8|UTF-8)$/m);
      const named = { LC_ALL: 'C.UTF-8' };
      expect(await output(stage, ['/usr/bin/locale', 'charmap'], { environment: named })).toBe('UTF-8');
    },
  },
  {
    name: 'iconv',
    entry: '/usr/bin/iconv',
    options: [],
    modules: [/gconv\/ISO8859-15\.so$/],
    async work(stage) {
      const argv = ['/usr/bin/iconv', '-f', 'ISO-8859-15', '-t', 'UTF-8'];
      expect(await output(stage, argv, { input: Buffer.from([0xa4]) })).toBe('€');
    },
  },
  {
    name: 'getent',
    entry: '/usr/bin/getent',
    options: [],
    modules: [],
    async work(stage) {
      expect(await output(stage, ['/usr/bin/getent', 'ahostsv4', 'localhost'])).toMatch(/^127\.0\.0\.1 /);
      expect(await output(stage, ['/usr/bin/getent', 'hosts', 'localhost'])).toMatch(/ localhost$/m);
      expect(await output(stage, ['/usr/bin/getent', 'passwd', 'root'])).toBe(
        'root:x:0:0:root:/data:/bin/sh',
      );
    },
  },
  {
    name: 'pamtester',
    entry: '/usr/bin/pamtester',
    options: [],
    modules: [/security\/pam_unix\.so$/, /security\/pam_permit\.so$/],
    async work(stage) {
      const hash = execaSync('openssl', ['passwd', '-6', 'secret']).stdout;
      fs.mkdirSync(path.join(stage.data, 'etc/pam.d'), { recursive: true });
      fs.writeFileSync(path.join(stage.data, 'etc/shadow'), `root:${hash}:19000::::::\n`);
      fs.writeFileSync(
        path.join(stage.data, 'etc/pam.d/flix'),
        'auth required pam_unix.so nodelay\naccount required pam_permit.so\n',
      );
      const argv = ['/usr/bin/pamtester', 'flix', 'root', 'authenticate', 'acct_mgmt'];
      expect(await output(stage, argv, { input: 'secret\n' })).toMatch(/successfully authenticated/);
      await expect(output(stage, argv, { input: 'wrong\n' })).rejects.toThrow(/Authentication failure/);
      expect(await output(stage, argv, { input: 'secret\n' })).toMatch(/successfully authenticated/);
    },
  },
  {
    name: 'curl with SASL',
    entry: '/usr/bin/curl',
    options: RECOMMENDED,
    modules: [/sasl2\/libplain\.so/, /sasl2\/libgssapiv2\.so/],
    async work(stage, { ldap }) {
      const url = `ldap://localhost:${ldap}/dc=flix`;
      expect(await output(stage, ['/usr/bin/curl', '--silent', '--show-error', url])).toContain(
        `description: ${PAGE}`,
      );
    },
  },
  {
    name: 'curl with Kerberos',
    entry: '/usr/bin/curl',
    options: ['--needs', 'suggested'],
    modules: [/krb5\/plugins\/preauth\/spake\.so$/],
    async work(stage, { kerberos: { files }, negotiate }) {
      for (const name of ['krb5.conf', 'client.keytab'])
        fs.copyFileSync(path.join(files, name), path.join(stage.data, name));
      const environment = {
        KRB5_CONFIG: '/data/krb5.conf',
        KRB5_CLIENT_KTNAME: 'FILE:/data/client.keytab',
        KRB5CCNAME: 'FILE:/data/tickets',
      };
      const options = ['--silent', '--show-error', '--fail', '--negotiate', '--user', ':'];
      const argv = ['/usr/bin/curl', ...options, `http://localhost:${negotiate}/`];
      expect(await output(stage, argv, { environment })).toBe(PAGE);
    },
  },
  {
    name: 'vim with iconv()',
    entry: '/usr/bin/vim.basic',
    options: RECOMMENDED,
    modules: [/gconv\/ISO8859-2\.so$/],
    async work(stage) {
      // vim itself converts ISO 8859-15
      const script = 'call writefile([iconv("\\xb1", "iso-8859-2", "utf-8")], "/data/said")';
      await output(stage, ['/usr/bin/vim.basic', '-es', '-u', 'NONE', '-c', script, '-c', 'quit!']);
      expect(fs.readFileSync(path.join(stage.data, 'said'), 'utf8')).toBe('ą\n');
    },
  },
];

async function output(
  stage: Pick<Stage, 'command'>,
  argv: readonly string[],
  { environment = {}, input = '' }: { environment?: Record<string, string>; input?: string | Buffer } = {},
): Promise<string> {
  const [program, ...options] = stage.command(argv, environment);
  const { stdout } = await execa(program!, options, { input, timeout: 300_000 });
  return stdout;
}
