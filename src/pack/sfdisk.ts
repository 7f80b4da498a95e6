import fs from 'node:fs/promises';
import { FlixError } from '../errors.ts';
import { readPieces } from '../io/pieces.ts';
import { run } from '../io/spawn.ts';
import type { DdiRequest, Partition } from './partitions.ts';
import { derive, formatUuid, partitionUuid } from './seed.ts';
import { SIGNATURE_SIZE, signatureJson, signRootHash } from './signature.ts';
import type { Signer } from './signer.ts';
import { formatVerity } from './verity.ts';

const SECTOR = 512;
/** Up to this size the first partition follows the table, at a multiple of 4 KiB; in a larger image it begins at 1 MiB
 * (libfdisk/src/alignment.c, topology_get_first_lba). In bytes. */
const SMALL = 4 * 1024 * 1024;
const FIRST = { small: 20_480, large: 1024 * 1024 } as const;
/** All that systemd-repart counts for both tables and their alignment (GPT_METADATA_SIZE), in bytes. */
const TABLES = 1044 * 1024;

/** The same image without systemd-repart: sfdisk writes the table, veritysetup the hash tree, openssl the signature. */
export async function partitionWithSfdisk(
  { data, output, seed, signer, scratch }: DdiRequest,
  partitions: readonly Partition[],
): Promise<string> {
  const derived = derive(seed);
  const size = TABLES + partitions.reduce((sum, partition) => sum + partition.size, 0);
  const places = placesOf(partitions, size);
  const hashes = await scratch();
  await fs.truncate(output, 0);
  await fs.truncate(output, size);
  // the data is copied while its hash tree is computed, which takes longer
  const [rootHash] = await Promise.all([
    formatVerity(data, hashes, derived),
    writeAt(output, places.data, data),
  ]);
  const uuids = [formatUuid(rootHash.slice(0, 32)), formatUuid(rootHash.slice(32))];
  const lines = partitions.map(({ role, type, name, size: length }, i) => {
    // systemd-repart knows no such flag for a signature
    const readOnly = role === 'verity-sig' ? '' : ', attrs="GUID:60"';
    const uuid = uuids[i] ?? partitionUuid(seed, type);
    return `start=${places[role] / SECTOR}, size=${length / SECTOR}, type=${type}, uuid=${uuid}, name="${name}"${readOnly}`;
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
  await writeAt(output, places.verity, hashes);
  if (signer) await writeAt(output, places['verity-sig'], await signaturePartition(rootHash, signer));
  return rootHash;
}

/** Where each partition begins in an image of that size, in bytes. */
function placesOf(partitions: readonly Partition[], size: number): Record<Partition['role'], number> {
  const places = { data: 0, verity: 0, 'verity-sig': 0 };
  let at: number = size <= SMALL ? FIRST.small : FIRST.large;
  for (const partition of partitions) {
    places[partition.role] = at;
    at += partition.size;
  }
  return places;
}

async function signaturePartition(rootHash: string, signer: Signer): Promise<Buffer> {
  const json = Buffer.from(signatureJson(rootHash, await signRootHash(rootHash, signer), signer));
  if (json.length > SIGNATURE_SIZE)
    throw new FlixError('input', 'long-signature', `the signature is longer than ${SIGNATURE_SIZE} bytes`);
  return Buffer.concat([json, Buffer.alloc(SIGNATURE_SIZE - json.length)]);
}

/** @param content a file, or the bytes themselves */
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
