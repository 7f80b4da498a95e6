import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import type { DerivedValues } from './seed.ts';

/** The block size of data and hashes in bytes, as systemd-repart uses it. */
export const VERITY_BLOCK = 4096;
const DIGESTS_A_BLOCK = VERITY_BLOCK / 32;

/** The size of the superblock and hash tree for data of a given size (drivers/md/dm-verity-target.c), all in bytes. */
export function hashTreeSize(dataSize: number): number {
  let blocks = 1;
  for (let below = Math.ceil(dataSize / VERITY_BLOCK); below > 1;) {
    below = Math.ceil(below / DIGESTS_A_BLOCK);
    blocks += below;
  }
  return blocks * VERITY_BLOCK;
}

/**
 * Writes the hash tree of a file of whole blocks into another file. Throws `FlixError`.
 *
 * @returns the root hash, hexadecimal
 */
export async function formatVerity(
  data: string,
  hashes: string,
  { verityUuid, veritySalt }: Pick<DerivedValues, 'verityUuid' | 'veritySalt'>,
): Promise<string> {
  const { stdout } = await run('veritysetup', [
    'format',
    `--uuid=${verityUuid}`,
    `--salt=${veritySalt}`,
    '--hash=sha256',
    `--data-block-size=${VERITY_BLOCK}`,
    `--hash-block-size=${VERITY_BLOCK}`,
    data,
    hashes,
  ]);
  const rootHash = /^Root hash:\s+([0-9a-f]{64})\s*$/m.exec(stdout)?.[1];
  if (rootHash === undefined)
    throw new FlixError('io', 'tool-failed', `veritysetup printed no root hash:\n${stdout}`);
  return rootHash;
}
