import { X509Certificate } from 'node:crypto';
import { FlixError } from '../errors.ts';
import type { Faults } from '../image/fault.ts';
import { fingerprint, type ImageSignature } from '../image/signature.ts';
import { readOptionalText } from '../io/read-text.ts';
import { inPrivateDirectory, writePrivate } from '../io/private-directory.ts';
import { requireTool } from '../io/probe.ts';
import { run } from '../io/spawn.ts';

/**
 * Checks that a certificate made a signature, with OpenSSL as systemd does (src/shared/dissect-image.c,
 * validate_signature_userspace): the certificate itself must be the signer; no chain is followed. Throws `FlixError`
 * `bad-certificate`.
 *
 * @param certificate a PEM file
 */
export async function checkTrust(
  signature: ImageSignature,
  certificate: string,
  faults: Faults,
): Promise<void> {
  const given = readCertificate(certificate);
  const part = 'signature';
  if (fingerprint(given.raw) !== signature.certificateFingerprint)
    faults.add({
      code: 'unknown-certificate',
      part,
      message: `the image is signed with the certificate ${signature.certificateFingerprint}, but ${certificate} is ${fingerprint(given.raw)}`,
    });
  else if (!(await isSignedBy(signature, given)))
    faults.add({
      code: 'signature',
      part,
      message: `openssl does not accept the signature as one by ${certificate}`,
      at: signature.at,
    });
}

async function isSignedBy(
  { rootHash, signature }: ImageSignature,
  certificate: X509Certificate,
): Promise<boolean> {
  await requireTool('openssl');
  return inPrivateDirectory(async directory => {
    const file = (name: string) => `${directory}/${name}`;
    await writePrivate(file('signature'), signature);
    await writePrivate(file('content'), Buffer.from(rootHash));
    await writePrivate(file('certificate'), Buffer.from(certificate.toString()));
    const options = ['-verify', '-binary', '-inform', 'der', '-nointern', '-noverify'];
    const files = ['-in', file('signature'), '-content', file('content'), '-certfile', file('certificate')];
    const { exitCode } = await run('openssl', ['smime', ...options, ...files], { allowFailure: true });
    return exitCode === 0;
  });
}

function readCertificate(file: string): X509Certificate {
  const text = readOptionalText(file);
  if (text === undefined)
    throw new FlixError(
      'input',
      'bad-certificate',
      `${file} does not exist`,
      'Name the certificate of the signer, in PEM format.',
    );
  try {
    return new X509Certificate(text);
  } catch {
    throw new FlixError(
      'input',
      'bad-certificate',
      `${file} is not a certificate in PEM format`,
      'Name the certificate of the signer, in PEM format.',
    );
  }
}
