import path from 'node:path';
import { FlixError } from '../errors.ts';
import type { ManifestHost } from '../manifest/manifest.ts';
import type { Plan } from '../plan/plan.ts';
import { readOsRelease } from '../view/os-release.ts';
import type { View } from '../view/view.ts';
import type { VendorRequest } from './request.ts';
import { planOf } from './vendor.ts';

/** The tree for the hosts of one release. */
interface ReleasePlan extends PlannedTree {
  /** `debian-12`: its `ID=` and `VERSION_ID=`. */
  readonly name: string;
}

/** A tree that could be made. */
interface PlannedTree {
  readonly request: VendorRequest;
  readonly plan: Plan;
  /** The sum of its files in bytes, before run paths are edited. */
  readonly size: number;
}

/** The decision whether each release of the hosts gets a tree of its own. */
export interface PerHost {
  readonly releases: readonly ReleasePlan[];
  /** One tree for all hosts. `refused`: why it cannot be planned, or why no image of it fits all hosts. */
  readonly common: Partial<PlannedTree> & { readonly refused?: string };
  readonly isSplit: boolean;
  readonly because: string;
}

/** Reads the share of `--per-host`, in percent. Throws `FlixError` `usage`. */
export function readShare(text: string): number {
  if (/^\d{1,6}%?$/.test(text)) return Number.parseInt(text);
  throw new FlixError(
    'input',
    'usage',
    `--per-host ${text} is not a share in percent`,
    'Write --per-host, or --per-host=25 for 25 %.',
  );
}

/**
 * Compares one tree for all hosts with one for each of their releases. Throws `FlixError` if a release has no tree.
 *
 * @param share in percent: how much more than a release lacks one tree for all may bring
 * @param requestFor makes the request for some of the hosts; without `out`, for the place that the user named
 */
export async function choosePerHost(
  hosts: readonly View[],
  share: number,
  requestFor: (hosts: readonly View[], out?: string) => Promise<VendorRequest>,
): Promise<PerHost> {
  const groups = byRelease(hosts);
  const request = withPerHost(await requestFor(hosts), groups.length > 1 ? 'all' : 'one release');
  if (request.mode.mode !== 'host-bound')
    throw new FlixError(
      'input',
      'usage',
      '--per-host makes trees for the hosts of --host, which run under their loaders',
      'Name each host with --host, and leave out --mode.',
    );
  if (groups.length === 1) {
    const tree = planned(request);
    const releases = [{ name: groups[0]![0], ...tree }];
    return { releases, common: tree, ...choice(releases, tree, share) };
  }
  const common = commonOf(request);
  const releases: ReleasePlan[] = [];
  for (const [name, views] of groups) {
    const out = path.join(path.dirname(request.out), name, path.basename(request.out));
    const own = withPerHost(await requestFor(views, out), 'one release');
    releases.push({ name, ...planned(own) });
  }
  return { releases, common, ...choice(releases, common, share) };
}

/** Returns the trees to make. */
export function treesOf({ releases, common, isSplit }: PerHost): readonly PlannedTree[] {
  const { request, plan, size } = common;
  return isSplit || !request || !plan || size === undefined ? releases : [{ request, plan, size }];
}

function withPerHost(request: VendorRequest, perHost: NonNullable<ManifestHost['perHost']>): VendorRequest {
  const { mode } = request;
  return mode.mode === 'host-bound' ? { ...request, mode: { ...mode, perHost } } : request;
}

/** Groups hosts by release, in C order of the names. Throws `FlixError` `odd-release`. */
function byRelease(hosts: readonly View[]): [string, View[]][] {
  const groups = new Map<string, View[]>();
  for (const host of hosts) {
    const release = readOsRelease(host);
    const name = [release?.get('ID'), release?.get('VERSION_ID')].filter(Boolean).join('-');
    // the name becomes that of a directory, but the root is not trusted
    if (!/^[\w+-][\w.+-]*$/.test(name))
      throw new FlixError(
        'input',
        'odd-release',
        `${host.label}: ID= and VERSION_ID= make ${JSON.stringify(name)}, which cannot be the name of a directory`,
        'Correct them in os-release: they may contain letters, digits, dots, hyphens and underscores (os-release(5)).',
      );
    groups.set(name, [...(groups.get(name) ?? []), host]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Plans one tree for all hosts. If that is refused, the message becomes the reason to make a tree for each release. */
function commonOf(request: VendorRequest): PerHost['common'] {
  try {
    const tree = planned(request);
    const { covers, hosts } = tree.plan.bound!.host;
    if (covers) return tree;
    return { ...tree, refused: `${hosts.join(', ')} have no VERSION_ID= or SYSEXT_LEVEL= in common` };
  } catch (error) {
    if (!(error instanceof FlixError)) throw error;
    const [first, second, ...others] = error.message.split('\n').map(line => line.trim());
    return { refused: [first, second, ...(others.length > 0 ? ['…'] : [])].filter(Boolean).join(' ') };
  }
}

function planned(request: VendorRequest): PlannedTree {
  const plan = planOf(request);
  return { request, plan, size: sizeOf(plan) };
}

function choice(
  releases: readonly ReleasePlan[],
  common: PerHost['common'],
  share: number,
): Pick<PerHost, 'isSplit' | 'because'> {
  if (common.size === undefined || common.refused !== undefined)
    return { isSplit: true, because: `no image serves all hosts: ${common.refused}` };
  if (releases.length === 1) return { isSplit: false, because: 'all hosts are of one release' };
  const all = common.size;
  const [most] = releases
    .map(({ name, size }) => ({ name, more: ((all - size) * 100) / Math.max(size, 1) }))
    .sort((a, b) => b.more - a.more);
  const { name, more } = most!;
  const percent = Math.ceil(more);
  return more > share
    ? {
        isSplit: true,
        because: `one for all brings ${percent} % more than ${name} lacks (allowed: ${share} %)`,
      }
    : {
        isSplit: false,
        because: `one for all brings at most ${percent} % more than a host lacks (allowed: ${share} %)`,
      };
}

function sizeOf({ files }: Plan): number {
  return files.reduce((sum, { content }) => {
    if (content.kind === 'copy') return sum + content.view.stat(content.path).size;
    return sum + (content.kind === 'text' ? Buffer.byteLength(content.text) : 0);
  }, 0);
}
