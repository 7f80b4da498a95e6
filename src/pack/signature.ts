import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import type { Signer } from './signer.ts';

/** The size of a signature partition in bytes (systemd-repart, 252–257). */
export const SIGNATURE_SIZE = 16 * 1024;

/**
 * Signs the hexadecimal text of a root hash: a detached PKCS#7 signature in DER, as the kernel's dm-verity checks it.
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
  // openssl smime (3.0 and 3.5) exits with 0 even if it cannot load a provider
  if (stdout.length === 0)
    throw new FlixError(
      'io',
      'no-signature',
      `openssl made no signature:\n${stderr.trim().replace(/^/gm, '  ')}`,
      signer.source === undefined
        ? undefined
        : `Check that ${signer.source}, given with --key-source, is installed.`,
    );
  return stdout;
}

function keySource(source: string | undefined): string[] {
  if (source === undefined) return [];
  const [kind, name] = source.split(':') as [string, string];
  // the default provider is still needed for hashing
  return kind === 'engine'
    ? ['-engine', name, '-keyform', 'ENGINE']
    : ['-provider', name, '-provider', 'default'];
}

/** The content of a signature partition without its padding (UAPI.2, Discoverable Partitions). */
export function signatureJson(rootHash: string, signature: Uint8Array, { fingerprint }: Signer): string {
  return JSON.stringify({
    rootHash,
    certificateFingerprint: fingerprint,
    signature: Buffer.from(signature).toString('base64'),
  });
}
