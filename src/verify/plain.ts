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
 * A file system without a partition table, whose hash tree and signature lie beside it: `NAME.verity` and
 * `NAME.roothash.p7s` (src/shared/dissect-image.c, verity_settings_load).
 *
 * @param stem of the image: its path without `.raw`
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
  for (const fault of found.list) faults.add(fault.part === name ? inOwnFile(fault, image.size) : fault);
  if (rootHash !== undefined && claims.length > 0) checkClaims(rootHash, claims, undefined, faults);
  const signature = readOptionalBytes(`${stem}.roothash.p7s`);
  // what was signed is the hash that is given apart, whatever became of the tree
  const signed = claims[0]?.hash ?? rootHash ?? '';
  return {
    rootHash,
    signature: signature && checkApart(signature, signed, path.basename(`${stem}.roothash.p7s`), faults),
    uncovered: [VERITY_UUID],
  };
}

function checkApart(
  signature: Buffer,
  rootHash: string,
  part: string,
  faults: Faults,
): ImageSignature | undefined {
  const parsed = readSignature(signature);
  if (!parsed?.signs(Buffer.from(rootHash))) {
    const message = `is no signature of the root hash ${rootHash} as systemd takes it`;
    faults.add({ code: 'signature', part, message, at: { offset: 0, length: signature.length } });
  }
  if (!parsed) return undefined;
  const { certificate } = parsed;
  const at = { offset: 0, length: signature.length };
  return { rootHash, certificateFingerprint: fingerprint(certificate), signature, certificate, at };
}

/** Two files as one, so that a hash tree is looked at in one way wherever it lies. */
function joined(first: Reader, second: Buffer): Reader {
  return {
    size: first.size + second.length,
    read: (offset, length) =>
      offset >= first.size
        ? second.subarray(offset - first.size, offset - first.size + length)
        : first.read(offset, length),
  };
}

function inOwnFile(fault: Fault, imageSize: number): Fault {
  return fault.at ? { ...fault, at: { ...fault.at, offset: fault.at.offset - imageSize } } : fault;
}
