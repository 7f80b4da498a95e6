import { runnableOn } from '../elf/machine.ts';
import type { ImageRefusal } from '../systemd/image-policy.ts';
import { compareAsSystemd } from '../systemd/version-order.ts';
import type { GptPartition } from './gpt.ts';
import {
  type Designator,
  LINUX_GENERIC,
  type PartitionRole,
  partitionType,
  roles,
} from './partition-types.ts';

/** The partitions of an image that systemd mounts as an extension. */
export interface Dissection {
  /** Partitions by their place in the extension, the root first; empty if systemd finds none. */
  readonly mounted: ReadonlyMap<'/' | '/usr', GptPartition>;
  /** `undefined`: systemd mounts the image. */
  readonly refusal: ImageRefusal | undefined;
}

/** Before 253, each architecture had a designator of its own, and those of others were dropped if this machine's was there. */
const ONE_DESIGNATOR = 253;

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
  const why =
    hidden.size > 0 ? 'its partitions have the flag “no auto” (63)' : 'it has no root or usr partition';
  return { mounted: hidden, refusal: { why } };
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
): ImageRefusal | undefined {
  const find = (designator: Designator, role: PartitionRole) => {
    const partition = best(partitions, designator, role, architecture);
    return partition && partitionType(partition.type)!.architecture;
  };
  for (const designator of ['root', 'usr'] as const) {
    const [data, tree, signature] = roles.map(role => find(designator, role));
    if (!tree && signature) {
      const mixed = data !== undefined && data !== signature;
      const why = `it has a signature for its ${designator} partition, but no hash tree`;
      return { why, ...(mixed && { since: ONE_DESIGNATOR }) };
    }
    if (!data && tree)
      return { why: `it has a hash tree for a ${designator} partition, but no such partition` };
  }
  const [root, usr] = [...mounted.values()].map(({ type }) => partitionType(type)?.architecture);
  if (root !== undefined && usr !== undefined && root !== usr)
    return {
      why: `its root partition is for ${root}, but its usr partition is for ${usr}`,
      since: ONE_DESIGNATOR,
    };
  if (find('root', 'verity') && find('usr', 'data'))
    return { why: 'its root partition has a hash tree, and there is a usr partition too' };
  const generic = partitions.filter(({ type }) => type === LINUX_GENERIC);
  if (mounted.get('/')?.type === LINUX_GENERIC && generic.length > 1)
    return {
      why: 'it has several partitions of the type “Linux filesystem”, and none of another type that could be chosen',
    };
  return undefined;
}
