import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import type { Signer } from './signer.ts';

/** A signature partition is as long as this, in bytes (systemd-repart, 252–257). */
export const SIGNATURE_SIZE = 16 * 1024;

/**
 * A detached PKCS#7 signature, in DER, of the root hash as hexadecimal text: what the kernel's dm-verity checks.
 * Throws `FlixError`: `tool-failed`, `no-signature`.
 */
export async function signRootHash(rootHash: string, signer: Signer): Promise<Uint8Array> {
  const { stdout, stderr } = await run(
    'openssl',
    [
      'smime',
      '-sign',
      '-binary',
      '-noattr',
      '-outform',
      'der',
      '-signer',
      signer.certificate,
      '-inkey',
      signer.key,
      ...keySource(signer.source),
    ],
    // SOFTHSM2_CONF, PKCS11_PROVIDER_MODULE, OPENSSL_CONF …
    { input: rootHash, output: 'bytes', inherit: signer.source !== undefined },
  );
  // where it cannot load a provider, openssl smime (3.0 and 3.5) says so and ends with 0
  if (stdout.length === 0)
    throw new FlixError(
      'io',
      'no-signature',
      `openssl made no signature:\n${stderr.trim().replace(/^/gm, '  ')}`,
      signer.source === undefined ? undefined : `is ${signer.source} installed? --key-source names it`,
    );
  return stdout;
}

function keySource(source: string | undefined): string[] {
  if (source === undefined) return [];
  const [kind, name] = source.split(':') as [string, string];
  // the default provider still has to do the hashing
  return kind === 'engine'
    ? ['-engine', name, '-keyform', 'ENGINE']
    : ['-provider', name, '-provider', 'default'];
}

/** What a signature partition holds, without its padding (UAPI.2, Discoverable Partitions). */
export function signatureJson(rootHash: string, signature: Uint8Array, { fingerprint }: Signer): string {
  return JSON.stringify({
    rootHash,
    certificateFingerprint: fingerprint,
    signature: Buffer.from(signature).toString('base64'),
  });
}
