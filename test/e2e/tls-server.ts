import fs from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { execaSync } from 'execa';

/** The page that it serves. */
export const PAGE = 'a page of the test';

export interface TlsServer {
  readonly port: number;
  /** The PEM file of its self-signed certificate. */
  readonly certificate: string;
  close(): void;
}

/** Starts a server on the loopback interface for the name `localhost`. Needs openssl. @param directory an empty directory */
export async function tlsServer(directory: string): Promise<TlsServer> {
  const [key, certificate] = [path.join(directory, 'key.pem'), path.join(directory, 'cert.pem')];
  const how =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'.split(' ');
  const files = ['-keyout', key, '-out', certificate];
  execaSync('openssl', [...how, '-addext', 'subjectAltName=DNS:localhost', ...files]);
  const server = https.createServer(
    { key: fs.readFileSync(key), cert: fs.readFileSync(certificate) },
    (_, response) => response.end(PAGE),
  );
  await new Promise<void>(go => server.listen(0, '127.0.0.1', go));
  return { port: (server.address() as AddressInfo).port, certificate, close: () => void server.close() };
}
