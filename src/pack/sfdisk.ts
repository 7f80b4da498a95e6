import fs from 'node:fs/promises';
import { FlixError } from '../errors.ts';
import { readPieces } from '../io/file-bytes.ts';
import { run } from '../io/spawn.ts';
import type { DdiRequest, PlannedPartition } from './partitions.ts';
import { derive, formatUuid, partitionUuid } from './seed.ts';
import { SIGNATURE_SIZE, signatureJson, signRootHash } from './signature.ts';
import type { Signer } from './signer.ts';
import { formatVerity } from './verity.ts';

const SECTOR = 512;
/**
 * In images up to this size, in bytes, the first partition follows the table at a multiple of 4 KiB; in larger ones it
 * begins at 1 MiB (libfdisk/src/alignment.c, topology_get_first_lba).
 */
const SMALL = 4 * 1024 * 1024;
const FIRST = { small: 20_480, large: 1024 * 1024 } as const;
/** The space that systemd-repart reserves for both tables and their alignment (GPT_METADATA_SIZE), in bytes. */
const TABLES = 1044 * 1024;

/** Makes the image that systemd-repart makes: sfdisk writes the table, veritysetup the hash tree, openssl the signature. */
export async function partitionWithSfdisk(
  { data, output, seed, signer, scratch }: DdiRequest,
  partitions: readonly PlannedPartition[],
): Promise<string> {
  const derived = derive(seed);
  const size = TABLES + partitions.reduce((sum, partition) => sum + partition.size, 0);
  const offsets = offsetsOf(partitions, size);
  const hashes = await scratch();
  await fs.truncate(output, 0);
  await fs.truncate(output, size);
  // computing the hash tree takes longer than copying the data, so they run at the same time
  const [rootHash] = await Promise.all([
    formatVerity(data, hashes, derived),
    writeAt(output, offsets.data, data),
  ]);
  const uuids = [formatUuid(rootHash.slice(0, 32)), formatUuid(rootHash.slice(32))];
  const lines = partitions.map(({ role, type, name, size: length }, i) => {
    // systemd-repart does not set the read-only flag of signatures
    const readOnly = role === 'verity-sig' ? '' : ', attrs="GUID:60"';
    const uuid = uuids[i] ?? partitionUuid(seed, type);
    return `start=${offsets[role] / SECTOR}, size=${length / SECTOR}, type=${type}, uuid=${uuid}, name="${name}"${readOnly}`;
  });
  const table = [
    'label: gpt',
    `label-id: ${derived.diskUuid}`,
    'unit: sectors',
    `first-lba: ${size <= SMALL ? 34 : FIRST.large / SECTOR}`,
    `last-lba: ${size / SECTOR - 34}`,
    'grain: 512',
    ...lines,
  ];
  const wipeNothing = ['--wipe=never', '--wipe-partitions=never'];
  await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', ...wipeNothing, output], {
    input: `${table.join('\n')}\n`,
  });
  await writeAt(output, offsets.verity, hashes);
  if (signer) await writeAt(output, offsets['verity-sig'], await signaturePartition(rootHash, signer));
  return rootHash;
}

/** The offset of each partition in an image of the given size, in bytes. */
function offsetsOf(
  partitions: readonly PlannedPartition[],
  size: number,
): Record<PlannedPartition['role'], number> {
  const offsets = { data: 0, verity: 0, 'verity-sig': 0 };
  let at: number = size <= SMALL ? FIRST.small : FIRST.large;
  for (const partition of partitions) {
    offsets[partition.role] = at;
    at += partition.size;
  }
  return offsets;
}

async function signaturePartition(rootHash: string, signer: Signer): Promise<Buffer> {
  const json = Buffer.from(signatureJson(rootHash, await signRootHash(rootHash, signer), signer));
  if (json.length > SIGNATURE_SIZE)
    throw new FlixError(
      'input',
      'long-signature',
      `the signature is longer than ${SIGNATURE_SIZE} bytes, the size of its partition`,
      'Use a smaller certificate or key.',
    );
  return Buffer.concat([json, Buffer.alloc(SIGNATURE_SIZE - json.length)]);
}

/** @param content the path of a file, or bytes */
async function writeAt(output: string, offset: number, content: string | Buffer): Promise<void> {
  const handle = await fs.open(output, 'r+');
  try {
    let at = offset;
    for await (const piece of typeof content === 'string' ? readPieces(content) : [content])
      at += (await handle.write(piece, 0, piece.length, at)).bytesWritten;
  } finally {
    await handle.close();
  }
}
