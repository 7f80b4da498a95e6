import { FlixError } from '../errors.ts';
import { probeTools, requireTool } from '../io/probe.ts';
import { compareDottedVersions } from '../io/tools.ts';
import type { DdiRequest, PlannedPartition } from './partitions.ts';
import { partitionWithRepart } from './repart.ts';
import { partitionWithSfdisk } from './sfdisk.ts';
import type { Signer } from './signer.ts';

/** Makes a discoverable disk image of a file system without root, loop devices or mounts. */
export interface DdiMaker {
  readonly tools: readonly { readonly name: string; readonly version: string | undefined }[];
  /** @returns the root hash, hexadecimal */
  readonly make: (request: DdiRequest, partitions: readonly PlannedPartition[]) => Promise<string>;
}

/** The first version with `--private-key-source=`. */
const KEY_SOURCE = '256';

/**
 * Chooses systemd-repart if it can make an image offline, otherwise sfdisk, veritysetup and openssl. Both give the
 * same bytes. Throws `FlixError`: those of `requireTool` if neither is available.
 */
export async function chooseDdiMaker(signer: Signer | undefined, output: string): Promise<DdiMaker> {
  const [repart] = await probeTools(['systemd-repart']);
  const { found, tooOld, version } = repart!;
  const supportsKeySource = version !== undefined && compareDottedVersions(version, KEY_SOURCE) >= 0;
  // a path in a repart definition ends at the end of its line
  const fitsDefinition = !/\p{Cc}/u.test(output);
  if (found && !tooOld && fitsDefinition && (signer?.source === undefined || supportsKeySource))
    return { tools: [{ name: 'systemd-repart', version }], make: partitionWithRepart };
  const names = ['sfdisk', 'veritysetup', ...(signer ? ['openssl'] : [])];
  return { tools: await Promise.all(names.map(requireForDdi)), make: partitionWithSfdisk };
}

async function requireForDdi(name: string): Promise<DdiMaker['tools'][number]> {
  try {
    return { name, version: (await requireTool(name)).version };
  } catch (error) {
    if (!(error instanceof FlixError)) throw error;
    throw new FlixError(
      error.kind,
      error.code,
      `${error.message}; systemd-repart 254 or later, which could make the DDI instead, was not found either`,
      `${error.fix}\nOr make a file system alone with --format erofs.`,
    );
  }
}
