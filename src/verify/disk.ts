import { Faults } from '../image/fault.ts';
import type { Range } from '../image/range.ts';
import { type Gpt, type GptPartition, partitionName } from '../image/gpt.ts';
import { checkGpt } from '../image/gpt-check.ts';
import { companion } from '../image/image.ts';
import { partitionType } from '../image/partition-types.ts';
import { checkSignature, type ImageSignature } from '../image/signature.ts';
import { checkVerity, type NamedRange } from '../image/verity-check.ts';
import { VERITY_UUID } from '../image/verity.ts';
import type { Reader } from '../elf/reader.ts';

/** A root hash, hexadecimal, and its source. */
export interface RootHashClaim {
  readonly from: string;
  readonly hash: string;
}

/** What the partitions and hash trees of an image contain. */
export interface DiskFacts {
  /** Of the hash tree in the image; `undefined`: there is none. */
  readonly rootHash: string | undefined;
  readonly signature: ImageSignature | undefined;
  /** Ranges that only a digest of the whole image covers. */
  readonly uncovered: readonly Range[];
}

/**
 * Checks everything in a disk image that can be computed from the image alone: both partition tables, the gaps between
 * partitions, the hash trees, the signature. Runs no tools and reads each byte once.
 *
 * @param claims root hashes from outside the image
 */
export function checkDisk(
  reader: Reader,
  gpt: Gpt,
  claims: readonly RootHashClaim[],
  faults: Faults,
): DiskFacts {
  checkGpt(reader, gpt, faults);
  checkPairs(gpt, faults);
  const uncovered: Range[] = [];
  let rootHash: string | undefined;
  let signature: ImageSignature | undefined;
  for (const data of gpt.partitions.filter(({ type }) => partitionType(type)?.role === 'data')) {
    const hash = companion(gpt, data, 'verity');
    if (!hash) {
      uncovered.push({ offset: data.offset, length: data.size });
      continue;
    }
    const signer = companion(gpt, data, 'verity-sig');
    const signed = signer && checkSignature(reader, signer, faults);
    const all = [...claims, ...ownClaims(data, hash, signed)];
    const root = checkVerity(
      reader,
      { data: named(data), hash: named(hash) },
      all.map(claim => claim.hash),
      faults,
    );
    if (root !== undefined) checkClaims(root, all, signed, faults);
    uncovered.push({ ...VERITY_UUID, offset: hash.offset + VERITY_UUID.offset });
    rootHash ??= root;
    signature ??= signed;
  }
  return { rootHash, signature, uncovered };
}

function named(partition: GptPartition): NamedRange {
  return { name: partitionName(partition), offset: partition.offset, size: partition.size };
}

/** The root hashes in the image itself. The UUIDs of the two partitions are halves of it, by which systemd finds them (UAPI.2). */
function ownClaims(
  data: GptPartition,
  hash: GptPartition,
  signature: ImageSignature | undefined,
): RootHashClaim[] {
  const digits = (uuid: string) => uuid.replaceAll('-', '');
  const byUuid = { from: 'the UUIDs of the partitions', hash: digits(data.uuid) + digits(hash.uuid) };
  return signature ? [byUuid, { from: 'the signature', hash: signature.rootHash }] : [byUuid];
}

export function checkClaims(
  root: string,
  claims: readonly RootHashClaim[],
  signature: ImageSignature | undefined,
  faults: Faults,
): void {
  // that no claim confirms the hash tree is reported elsewhere; here claims that contradict each other are
  const right = claims.some(({ hash }) => hash === root) ? root : claims[0]!.hash;
  for (const { from, hash } of claims)
    if (hash !== right) {
      const message = `says that the root hash is ${hash}, but it is ${right}`;
      const at = from === 'the signature' && signature ? { at: signature.at } : {};
      faults.add({ code: 'root-hash', part: from, message, ...at });
    }
}

/** Reports hash trees and signatures without their data partition, which systemd does not find. */
function checkPairs(gpt: Gpt, faults: Faults): void {
  for (const partition of gpt.partitions) {
    const type = partitionType(partition.type);
    if (!type || type.role === 'data') continue;
    const partner = type.role === 'verity' ? 'data' : 'verity';
    if (!companion(gpt, partition, partner))
      faults.add({
        code: 'lonely-partition',
        part: `partition ${partition.number}`,
        message: `the ${type.role} partition of ${type.designator}-${type.architecture} has no ${partner} partition`,
      });
  }
}
