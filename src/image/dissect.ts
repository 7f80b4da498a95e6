import { runnableOn } from '../elf/machine.ts';
import { compareAsSystemd } from '../systemd/version-order.ts';
import type { GptPartition } from './gpt.ts';
import { type Designator, LINUX_GENERIC, type PartitionRole, partitionType } from './partition-types.ts';

/** The partitions of an image that systemd mounts as an extension. */
export interface Dissection {
  /** Partitions by their place in the extension, the root first; empty if systemd finds none. */
  readonly mounted: ReadonlyMap<'/' | '/usr', GptPartition>;
  /** Why systemd refuses to mount the image; `undefined`: it does not. Completes “systemd refuses …: ”. */
  readonly refusal: string | undefined;
}

/** Bit 63: not to be mounted automatically (UAPI.2). */
const NO_AUTO = 1n << 63n;

/**
 * Chooses the partitions that systemd mounts (src/shared/dissect-image.c, dissect_image, with the flags of
 * src/sysext/sysext.c). If systemd refuses the image, the partitions are those that were most likely meant.
 *
 * @param architecture that of the host, as systemd spells it
 */
export function dissect(partitions: readonly GptPartition[], architecture: string | undefined): Dissection {
  const automatic = partitions.filter(({ attributes }) => (attributes & NO_AUTO) === 0n);
  const found = mountedOf(automatic, architecture);
  if (found.size > 0) return { mounted: found, refusal: refusalOf(automatic, found, architecture) };
  const hidden = mountedOf(partitions, architecture);
  const refusal =
    hidden.size > 0 ? 'its partitions have the flag “no auto” (63)' : 'it has no root or usr partition';
  return { mounted: hidden, refusal };
}

function mountedOf(partitions: readonly GptPartition[], architecture: string | undefined) {
  const mounted = new Map<'/' | '/usr', GptPartition>();
  const root = best(partitions, 'root', 'data', architecture);
  const usr = best(partitions, 'usr', 'data', architecture);
  const generic = root || usr ? undefined : partitions.find(({ type }) => type === LINUX_GENERIC);
  if (root ?? generic) mounted.set('/', (root ?? generic)!);
  if (usr) mounted.set('/usr', usr);
  return mounted;
}

/** Returns the partition of a kind that systemd takes: for the best architecture, with the newest version in its label. */
function best(
  partitions: readonly GptPartition[],
  designator: Designator,
  role: PartitionRole,
  architecture: string | undefined,
): GptPartition | undefined {
  const preferred = architecture === undefined ? [] : runnableOn(architecture);
  const rank = (partition: GptPartition) => {
    const at = preferred.indexOf(partitionType(partition.type)!.architecture);
    return at < 0 ? preferred.length : at;
  };
  const candidates = partitions.filter(({ type }) => {
    const is = partitionType(type);
    return is?.designator === designator && is.role === role;
  });
  let chosen: GptPartition | undefined;
  for (const next of candidates) {
    const order = chosen ? rank(chosen) - rank(next) : 1;
    // of equal labels, the first partition remains
    if (order > 0 || (order === 0 && compareAsSystemd(next.label, chosen!.label) > 0)) chosen = next;
  }
  return chosen;
}

function refusalOf(
  partitions: readonly GptPartition[],
  mounted: Dissection['mounted'],
  architecture: string | undefined,
): string | undefined {
  const has = (designator: Designator, role: PartitionRole) =>
    best(partitions, designator, role, architecture) !== undefined;
  for (const designator of ['root', 'usr'] as const) {
    if (!has(designator, 'verity') && has(designator, 'verity-sig'))
      return `it has a signature for its ${designator} partition, but no hash tree`;
    if (!has(designator, 'data') && has(designator, 'verity'))
      return `it has a hash tree for a ${designator} partition, but no such partition`;
  }
  const architectures = [...mounted.values()].map(({ type }) => partitionType(type)?.architecture);
  if (new Set(architectures).size > 1)
    return `its root partition is for ${architectures[0]}, but its usr partition is for ${architectures[1]}`;
  if (has('root', 'verity') && has('usr', 'data'))
    return 'its root partition has a hash tree, and there is a usr partition too';
  const generic = partitions.filter(({ type }) => type === LINUX_GENERIC);
  const usesGeneric = mounted.get('/')?.type === LINUX_GENERIC;
  if (usesGeneric && generic.length > 1)
    return 'it has several partitions of the type “Linux filesystem”, and none of another type that could be chosen';
  return undefined;
}
