import path from 'node:path';
import type { Reader } from '../elf/reader.ts';
import { type Fault, Faults } from '../image/fault.ts';
import { readSignature } from '../image/pkcs7.ts';
import { fingerprint, type ImageSignature } from '../image/signature.ts';
import { checkVerity } from '../image/verity-check.ts';
import { VERITY_UUID } from '../image/verity.ts';
import { readOptionalBytes } from '../io/read-text.ts';
import { checkClaims, type DiskFacts, type RootHashClaim } from './disk.ts';

/**
 * Checks a file system without a partition table against the hash tree and signature beside it, `NAME.verity` and
 * `NAME.roothash.p7s` (src/shared/dissect-image.c, verity_settings_load).
 *
 * @param stem the path of the image without `.raw`
 */
export function checkPlainVerity(
  { image, tree, stem }: { readonly image: Reader; readonly tree: Buffer; readonly stem: string },
  claims: readonly RootHashClaim[],
  faults: Faults,
): DiskFacts {
  const name = path.basename(`${stem}.verity`);
  const data = { name: 'image', offset: 0, size: image.size };
  const hash = { name, offset: image.size, size: tree.length };
  const found = new Faults();
  const rootHash = checkVerity(joined(image, tree), { data, hash }, claims.map(claim => claim.hash), found); // prettier-ignore
  for (const fault of found.list) faults.add(fault.part === name ? relativeToTree(fault, image.size) : fault);
  if (rootHash !== undefined && claims.length > 0) checkClaims(rootHash, claims, undefined, faults);
  const signature = readOptionalBytes(`${stem}.roothash.p7s`);
  // the signature covers the hash from outside, whatever the hash tree contains
  const signed = claims[0]?.hash ?? rootHash ?? '';
  return {
    rootHash,
    signature: signature && checkDetached(signature, signed, path.basename(`${stem}.roothash.p7s`), faults),
    uncovered: [VERITY_UUID],
  };
}

function checkDetached(
  signature: Buffer,
  rootHash: string,
  part: string,
  faults: Faults,
): ImageSignature | undefined {
  const parsed = readSignature(signature);
  if (!parsed?.signs(Buffer.from(rootHash))) {
    const message = `is not a signature of the root hash ${rootHash} that systemd accepts`;
    faults.add({ code: 'signature', part, message, at: { offset: 0, length: signature.length } });
  }
  if (!parsed) return undefined;
  const { certificate } = parsed;
  const at = { offset: 0, length: signature.length };
  return { rootHash, certificateFingerprint: fingerprint(certificate), signature, certificate, at };
}

/** Joins two files, so that a separate hash tree is checked like one in a disk image. */
function joined(first: Reader, second: Buffer): Reader {
  return {
    size: first.size + second.length,
    read: (offset, length) =>
      offset >= first.size
        ? second.subarray(offset - first.size, offset - first.size + length)
        : first.read(offset, length),
  };
}

function relativeToTree(fault: Fault, imageSize: number): Fault {
  return fault.at ? { ...fault, at: { ...fault.at, offset: fault.at.offset - imageSize } } : fault;
}
