import fs from 'node:fs/promises';
import { FlixError } from '../errors.ts';
import { readPieces } from '../io/pieces.ts';
import { run } from '../io/spawn.ts';
import type { DdiRequest, Partition } from './ddi.ts';
import { derive, formatUuid, partitionUuid } from './seed.ts';
import { SIGNATURE_SIZE, signatureJson, signRootHash } from './signature.ts';
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
  const hashes = await scratch();
  const rootHash = await formatVerity(data, hashes, derived);
  const uuids = {
    data: formatUuid(rootHash.slice(0, 32)),
    verity: formatUuid(rootHash.slice(32)),
    'verity-sig': '',
  };
  const contents: Record<Partition['role'], string | Buffer> = { data, verity: hashes, 'verity-sig': '' };
  if (signer) {
    const json = Buffer.from(signatureJson(rootHash, await signRootHash(rootHash, signer), signer));
    if (json.length > SIGNATURE_SIZE)
      throw new FlixError('input', 'long-signature', `the signature is longer than ${SIGNATURE_SIZE} bytes`);
    contents['verity-sig'] = Buffer.concat([json, Buffer.alloc(SIGNATURE_SIZE - json.length)]);
  }
  const size = TABLES + partitions.reduce((sum, partition) => sum + partition.size, 0);
  await fs.truncate(output, 0);
  await fs.truncate(output, size);
  const small = size <= SMALL;
  const lines = [
    'label: gpt',
    `label-id: ${derived.diskUuid}`,
    'unit: sectors',
    `first-lba: ${small ? 34 : FIRST.large / SECTOR}`,
    `last-lba: ${size / SECTOR - 34}`,
    'grain: 512',
  ];
  let at = small ? FIRST.small : FIRST.large;
  const places: [number, string | Buffer][] = [];
  for (const { role, type, name, size: length } of partitions) {
    // systemd-repart knows no such flag for a signature
    const readOnly = role === 'verity-sig' ? '' : ', attrs="GUID:60"';
    const uuid = uuids[role] || partitionUuid(seed, type);
    lines.push(
      `start=${at / SECTOR}, size=${length / SECTOR}, type=${type}, uuid=${uuid}, name="${name}"${readOnly}`,
    );
    places.push([at, contents[role]]);
    at += length;
  }
  await run('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', output], {
    input: `${lines.join('\n')}\n`,
  });
  for (const [offset, content] of places) await writeAt(output, offset, content);
  return rootHash;
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
