import fs from 'node:fs/promises';
import { FlixError } from '../errors.ts';
import { probeTools, requireTool } from '../io/probe.ts';
import { compareVersions } from '../io/version.ts';
import { partitionTypes } from '../image/partition-types.ts';
import { partitionWithRepart } from './repart.ts';
import { partitionWithSfdisk } from './sfdisk.ts';
import { SIGNATURE_SIZE } from './signature.ts';
import type { Signer } from './signer.ts';
import { hashTreeSize, VERITY_BLOCK } from './verity.ts';

export interface DdiRequest {
  /** The file system, of whole blocks. */
  readonly data: string;
  /** In bytes. */
  readonly dataSize: number;
  readonly output: string;
  /** In systemd's spelling. */
  readonly architecture: string;
  readonly seed: string;
  readonly signer: Signer | undefined;
  /** A file beside the output that is not there yet, which the caller removes. */
  readonly scratch: () => Promise<string>;
  readonly scratchDirectory: () => Promise<string>;
}

/** A partition as both ways make it. */
export interface Partition {
  readonly role: 'data' | 'verity' | 'verity-sig';
  /** Of the discoverable partitions specification, and its label: `root-x86-64-verity`. */
  readonly type: string;
  readonly name: string;
  /** In bytes, a multiple of 4 KiB. */
  readonly size: number;
}

/** Makes a discoverable disk image of a file system: without root, loop devices or mounts. */
export interface DdiWay {
  readonly tools: readonly { readonly name: string; readonly version: string | undefined }[];
  /** @returns the root hash, hexadecimal */
  readonly make: (request: DdiRequest, partitions: readonly Partition[]) => Promise<string>;
}

/** The first version that knows `--private-key-source=`. */
const KEY_SOURCE = '256';

/**
 * systemd-repart where it can make an image offline, else sfdisk, veritysetup and openssl: the bytes are the same.
 * Throws `FlixError` `no-ddi-tools` where neither is there.
 */
export async function chooseDdiWay(signer: Signer | undefined, output: string): Promise<DdiWay> {
  const [repart] = await probeTools(['systemd-repart']);
  const { found, tooOld, version } = repart!;
  const knowsSource = version !== undefined && compareVersions(version, KEY_SOURCE) >= 0;
  // a definition takes a path to the end of its line
  const writable = !/\p{Cc}/u.test(output);
  if (found && !tooOld && writable && (signer?.source === undefined || knowsSource))
    return { tools: [{ name: 'systemd-repart', version }], make: partitionWithRepart };
  const names = ['sfdisk', 'veritysetup', ...(signer ? ['openssl'] : [])];
  return { tools: await Promise.all(names.map(requiredForDdi)), make: partitionWithSfdisk };
}

async function requiredForDdi(name: string): Promise<DdiWay['tools'][number]> {
  try {
    return { name, version: (await requireTool(name)).version };
  } catch (error) {
    if (!(error instanceof FlixError)) throw error;
    const fix = `${error.fix}\nor ask for a file system alone: --format erofs`;
    throw new FlixError(
      error.kind,
      error.code,
      `${error.message}; no systemd-repart from 254 on is there either`,
      fix,
    );
  }
}

/** The data partition, its hash tree and, for a signer, the signature. Throws `FlixError` `no-partition-type`. */
export function partitionsOf(architecture: string, dataSize: number, signed: boolean): Partition[] {
  const uuids = partitionTypes.root[architecture];
  if (!uuids)
    throw new FlixError(
      'input',
      'no-partition-type',
      `no partition type is known for ${architecture}`,
      `a DDI can be made for ${Object.keys(partitionTypes.root).join(', ')}; --format erofs fits every machine`,
    );
  const base = `root-${architecture}`;
  const all: Partition[] = [
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
