import { createPrivateKey, X509Certificate } from 'node:crypto';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { readFileBytes } from '../io/read-text.ts';

/** The key and certificate that sign root hashes. */
export interface Signer {
  /** The absolute path of a PEM file; with a source, the name of the key there. */
  readonly key: string;
  /** `provider:NAME` or `engine:NAME`, as for systemd-repart; `undefined`: the key is a file. */
  readonly source: string | undefined;
  /** The absolute path of a PEM file. */
  readonly certificate: string;
  /** SHA-256 of the certificate in DER, hexadecimal. */
  readonly fingerprint: string;
  /** Signing twice gives the same bytes: true of RSA (PKCS #1 v1.5), not of elliptic curves. */
  readonly deterministic: boolean;
}

/** Options that say how to sign. */
export interface SignerFiles {
  readonly key?: string;
  readonly certificate?: string;
  readonly keySource?: string;
}

/**
 * Reads the key and certificate before any work is done. Throws `FlixError`: `half-signed`, `bad-certificate`, `bad-key`,
 * `key-mismatch`, `bad-key-source`.
 *
 * @param required an unsigned image is an error
 */
export function openSigner(files: SignerFiles, required: boolean): Signer | undefined {
  const { key, certificate, keySource } = files;
  if (key === undefined && certificate === undefined && !required) return undefined;
  if (key === undefined || certificate === undefined)
    throw new FlixError(
      'input',
      'half-signed',
      `signing requires --key and --certificate, but ${key === undefined ? '--key' : '--certificate'} is missing`,
      'To make both, run:\nopenssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=me',
    );
  const parsed = readCertificate(certificate);
  if (keySource !== undefined && !/^(?:provider|engine):[A-Za-z0-9_.-]+$/.test(keySource))
    throw new FlixError(
      'input',
      'bad-key-source',
      `--key-source ${keySource} is neither provider:NAME nor engine:NAME`,
      'For example: --key-source provider:pkcs11',
    );
  if (keySource === undefined) checkKey(key, certificate, parsed);
  return {
    key: keySource === undefined ? path.resolve(key) : key,
    source: keySource,
    certificate: path.resolve(certificate),
    fingerprint: parsed.fingerprint256.replaceAll(':', '').toLowerCase(),
    deterministic: parsed.publicKey.asymmetricKeyType === 'rsa',
  };
}

function readCertificate(file: string): X509Certificate {
  const pem = read(file);
  try {
    return new X509Certificate(pem);
  } catch {
    throw new FlixError(
      'input',
      'bad-certificate',
      `${file} is not a certificate in PEM format`,
      'Convert it with “openssl x509 -inform der”, or name another file with --certificate.',
    );
  }
}

function checkKey(file: string, certificate: string, parsed: X509Certificate): void {
  const pem = read(file);
  let key;
  try {
    key = createPrivateKey(pem);
  } catch {
    const fix = /ENCRYPTED/.test(pem)
      ? `The key is encrypted. Decrypt it, or use a key in a token with --key-source.\nopenssl pkey -in ${file} -out plain.pem`
      : undefined;
    throw new FlixError('input', 'bad-key', `${file} is not a usable private key in PEM format`, fix);
  }
  if (!parsed.checkPrivateKey(key))
    throw new FlixError(
      'input',
      'key-mismatch',
      `the private key ${file} does not belong to the certificate ${certificate}`,
      'Use the key of this certificate: hosts would reject the signature.',
    );
}

function read(file: string): string {
  return readFileBytes(file).toString('utf8');
}
