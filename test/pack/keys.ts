import { execaSync } from 'execa';

export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

/** Makes a private key and its certificate, in PEM files. */
export function makeKeys(prefix: string, algorithm: 'rsa' | 'ec' = 'rsa'): KeyPair {
  const pair = { key: `${prefix}.key`, certificate: `${prefix}.crt` };
  const kind = algorithm === 'rsa' ? ['rsa:2048'] : ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const made = ['-keyout', pair.key, '-out', pair.certificate];
  execaSync('openssl', ['req', '-x509', '-nodes', '-subj', '/CN=flix test', '-newkey', ...kind, ...made]);
  return pair;
}
