import fs from 'node:fs/promises';
import { FlixError } from '../errors.ts';
import { partitionTypes } from '../image/partition-types.ts';
import { SIGNATURE_SIZE } from './signature.ts';
import type { Signer } from './signer.ts';
import { hashTreeSize, VERITY_BLOCK } from './verity.ts';

/** What a partitioning tool needs to make a discoverable disk image of a file system. */
export interface DdiRequest {
  /** The file system: a file of whole blocks. */
  readonly data: string;
  /** In bytes. */
  readonly dataSize: number;
  readonly output: string;
  /** As systemd spells it. */
  readonly architecture: string;
  readonly seed: string;
  readonly signer: Signer | undefined;
  /** Names a new file beside the output, which the caller removes. */
  readonly scratch: () => Promise<string>;
  readonly scratchDirectory: () => Promise<string>;
}

/** A partition of the image; every tool makes the same ones. */
export interface PlannedPartition {
  readonly role: 'data' | 'verity' | 'verity-sig';
  /** Its type UUID (UAPI.2, Discoverable Partitions). */
  readonly type: string;
  /** Its label, such as `root-x86-64-verity`. */
  readonly name: string;
  /** In bytes, a multiple of 4 KiB. */
  readonly size: number;
}

/** The data partition, its hash tree and, if the image is signed, the signature. Throws `FlixError` `no-partition-type`. */
export function partitionsOf(architecture: string, dataSize: number, signed: boolean): PlannedPartition[] {
  const uuids = partitionTypes.root[architecture];
  if (!uuids)
    throw new FlixError(
      'input',
      'no-partition-type',
      `no partition type is defined for ${architecture}, so no DDI can be made for it`,
      `Use --format erofs, which works for every architecture. A DDI can be made for ${Object.keys(partitionTypes.root).join(', ')}.`,
    );
  const base = `root-${architecture}`;
  const all: PlannedPartition[] = [
    { role: 'data', type: uuids[0], name: base, size: dataSize },
    { role: 'verity', type: uuids[1], name: `${base}-verity`, size: hashTreeSize(dataSize) },
    { role: 'verity-sig', type: uuids[2], name: `${base}-verity-sig`, size: SIGNATURE_SIZE },
  ];
  return signed ? all : all.slice(0, 2);
}

/** Fills a file up to whole blocks. @returns its size in bytes */
export async function padToBlocks(file: string): Promise<number> {
  const { size } = await fs.stat(file);
  const padded = Math.ceil(size / VERITY_BLOCK) * VERITY_BLOCK;
  if (padded !== size) await fs.truncate(file, padded);
  return padded;
}
