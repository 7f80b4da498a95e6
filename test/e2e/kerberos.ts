import fs from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { execa } from 'execa';
import { inOverlay } from '../lab/overlay.ts';
import { waitFor } from '../lab/wait.ts';

/** A realm with a user, whose key is in a keytab, and the service HTTP/localhost. */
export interface Kerberos {
  /** Contains `krb5.conf` and `client.keytab`. */
  readonly files: string;
  close(): Promise<void>;
}

const clientConfiguration = (port: number) =>
  `[libdefaults]
default_realm = FLIX.TEST
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
[realms]
FLIX.TEST = { kdc = 127.0.0.1:${port} }
[domain_realm]
localhost = FLIX.TEST
`
    .replace('{ kdc', '{\n kdc')
    .replace(' }', '\n}');

const serverConfiguration = (port: number) => `[kdcdefaults]
kdc_listen = 127.0.0.1:${port}
kdc_tcp_listen = 127.0.0.1:${port}
[realms]
FLIX.TEST = {
 database_name = /shared/principal
 key_stash_file = /shared/stash
 acl_file = /shared/acl
}
`;

const SERVE = `
set -eu
export KRB5_CONFIG=/shared/krb5.conf KRB5_KDC_PROFILE=/shared/kdc.conf
kdb5_util create -s -r FLIX.TEST -P flix
kadmin.local -q 'addprinc -randkey +requires_preauth user'
kadmin.local -q 'addprinc -randkey HTTP/localhost'
kadmin.local -q 'ktadd -k /shared/client.keytab user'
chmod 644 /shared/client.keytab
exec krb5kdc -n
`;

/** Starts a key distribution centre of a root on the loopback interface. @param directory an empty directory */
export async function kerberos(root: string, directory: string): Promise<Kerberos> {
  const [work, files] = [path.join(directory, 'work'), path.join(directory, 'files')];
  for (const made of [work, files]) fs.mkdirSync(made, { recursive: true });
  const port = await freePort();
  fs.writeFileSync(path.join(files, 'krb5.conf'), clientConfiguration(port));
  fs.writeFileSync(path.join(files, 'kdc.conf'), serverConfiguration(port));
  const [program, ...options] = inOverlay({ root, work, shared: files }, ['sh', '-c', SERVE]);
  const server = execa(program!, options, { reject: false, stdin: 'ignore', all: true });
  const ended = server.then(({ all }) => {
    throw new Error(`the KDC ended: ${all}`);
  });
  await Promise.race([ended, waitFor(() => connects(port))]);
  ended.catch(() => undefined);
  return {
    files,
    close: async () => {
      server.kill('SIGKILL');
      await server;
    },
  };
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>(go => server.listen(0, '127.0.0.1', go));
  const { port } = server.address() as AddressInfo;
  await new Promise(go => server.close(go));
  return port;
}

async function connects(port: number): Promise<boolean> {
  return new Promise(take => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      take(true);
    });
    socket.on('error', () => take(false));
  });
}
