import fs from 'node:fs/promises';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import type { DdiRequest, PlannedPartition } from './partitions.ts';

const TYPES = { data: 'root', verity: 'root-verity', 'verity-sig': 'root-verity-sig' } as const;
const VERITY = { data: 'data', verity: 'hash', 'verity-sig': 'signature' } as const;

/** Runs systemd-repart (254 or later), which puts a finished file system into an image, hashes and signs it. */
export async function partitionWithRepart(
  { data, output, architecture, seed, signer, scratchDirectory }: DdiRequest,
  partitions: readonly PlannedPartition[],
): Promise<string> {
  const definitions = await scratchDirectory();
  for (const [i, partition] of partitions.entries())
    await fs.writeFile(path.join(definitions, `${i}.conf`), definition(partition, data));
  await fs.rm(output, { force: true });
  const options = [
    '--empty=create',
    '--size=auto',
    '--dry-run=no',
    '--offline=yes',
    '--json=short',
    '--no-pager',
    `--definitions=${definitions}`,
    `--seed=${seed}`,
    `--architecture=${architecture}`,
    ...(signer ? [`--private-key=${signer.key}`, `--certificate=${signer.certificate}`] : []),
    ...(signer?.source === undefined ? [] : [`--private-key-source=${signer.source}`]),
  ];
  const { stdout } = await run('systemd-repart', [...options, output], {
    inherit: signer?.source !== undefined,
  });
  const rootHash = /"roothash"\s*:\s*"([0-9a-f]{64})"/.exec(stdout)?.[1];
  if (rootHash === undefined)
    throw new FlixError(
      'io',
      'tool-failed',
      `systemd-repart printed no root hash:\n${stdout.slice(0, 2000)}`,
    );
  return rootHash;
}

/**
 * The definition of a partition (repart.d(5)). Percent signs begin specifiers. Minimum and maximum size are both given,
 * because repart distributes the free space of the smallest image that it can make.
 */
function definition({ role, size }: PlannedPartition, source: string): string {
  const lines = [
    '[Partition]',
    `Type=${TYPES[role]}`,
    `Verity=${VERITY[role]}`,
    'VerityMatchKey=root',
    ...(role === 'data' ? [`CopyBlocks=${source.replaceAll('%', '%%')}`] : []),
    // repart knows the size of a signature partition
    ...(role === 'verity-sig' ? [] : [`SizeMinBytes=${size}`, `SizeMaxBytes=${size}`]),
  ];
  return lines.map(line => `${line}\n`).join('');
}
