import { createPrivateKey, X509Certificate } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { ioFailure } from '../io/failure.ts';

/** Who signs root hashes. */
export interface Signer {
  /** A PEM file, absolute; with a source, whatever names the key there. */
  readonly key: string;
  /** `provider:NAME` or `engine:NAME`, as systemd-repart takes it; `undefined`: the key is a file. */
  readonly source: string | undefined;
  /** A PEM file, absolute. */
  readonly certificate: string;
  /** SHA-256 of the certificate in DER, hexadecimal. */
  readonly fingerprint: string;
  /** An RSA signature (PKCS #1 v1.5) is the same each time; one over an elliptic curve is not. */
  readonly deterministic: boolean;
}

export interface SignerFiles {
  readonly key?: string;
  readonly certificate?: string;
  readonly keySource?: string;
}

/**
 * Reads what signs, before any work is done. Throws `FlixError`: `half-signed`, `bad-certificate`, `bad-key`,
 * `key-mismatch`, `bad-key-source`.
 *
 * @param demanded an image without signature is not wanted
 */
export function openSigner(files: SignerFiles, demanded: boolean): Signer | undefined {
  const { key, certificate, keySource } = files;
  if (key === undefined && certificate === undefined && !demanded) return undefined;
  if (key === undefined || certificate === undefined)
    throw new FlixError(
      'input',
      'half-signed',
      `a signature takes --key and --certificate, and ${key === undefined ? '--key' : '--certificate'} is not given`,
      'openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=me makes both',
    );
  const parsed = readCertificate(certificate);
  if (keySource !== undefined && !/^(?:provider|engine):[A-Za-z0-9_.-]+$/.test(keySource))
    throw new FlixError(
      'input',
      'bad-key-source',
      `--key-source ${keySource} is none`,
      'provider:pkcs11, for example',
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
    throw new FlixError('input', 'bad-certificate', `${file} is no certificate in PEM form`);
  }
}

function checkKey(file: string, certificate: string, parsed: X509Certificate): void {
  const pem = read(file);
  let key;
  try {
    key = createPrivateKey(pem);
  } catch {
    const fix = /ENCRYPTED/.test(pem)
      ? `it is encrypted: openssl pkey -in ${file} -out plain.pem, or a key in a token (--key-source)`
      : undefined;
    throw new FlixError('input', 'bad-key', `${file} is no private key in PEM form that can be used`, fix);
  }
  if (!parsed.checkPrivateKey(key))
    throw new FlixError(
      'input',
      'key-mismatch',
      `${file} is not the key of the certificate ${certificate}`,
      'no host would take the signature',
    );
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw ioFailure(error, `cannot read ${file}`);
  }
}
