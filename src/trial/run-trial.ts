import { FlixError } from '../errors.ts';
import {
  type MergedHierarchy,
  notStarted,
  runInSandbox,
  type Sandbox,
  startsBeforeCommand,
} from '../io/sandbox.ts';
import { extensionRules, extensionTypeOf } from '../systemd/extension-type.ts';
import { directoryView, mountPoints, realPlace } from '../view/directory.ts';
import { follow } from '../view/follow.ts';
import { parent, within } from '../view/path.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { layeredView } from '../view/layers.ts';
import type { View } from '../view/view.ts';
import { judgeTrial, type Trial } from './judge.ts';
import { expectedOfHost, type ExpectedOfHost } from './planned-libraries.ts';
import { TraceReader } from './trace.ts';

export interface TrialRequest extends Pick<
  Sandbox,
  'host' | 'network' | 'environment' | 'command' | 'user' | 'onOutput'
> {
  /** Directories with extensions, the topmost first. */
  readonly trees: readonly TriedTree[];
  /** Roots that may have what the command misses. */
  readonly staging: readonly string[];
}

export interface TriedTree {
  readonly name: string;
  readonly directory: string;
  /** Whether its wrappers give the programs a root of their own. */
  readonly wrapped: boolean;
  /** The programs of the host that its wrappers cannot do without, by their paths. */
  readonly hostPrograms: readonly string[];
  /** What its programs take from the host; `undefined`: it is not bound to hosts. */
  readonly bound: ExpectedOfHost | undefined;
  /** Where its private loaders search for libraries. */
  readonly privateDirectories: readonly string[];
}

export interface TrialOutcome {
  /** The exit status of the command. */
  readonly status: number;
  /** `undefined`: strace is not installed. */
  readonly trial: Trial | undefined;
}

/** What a command finds in its environment, like a service or a login of root. */
export function trialEnvironment(): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    TERM: process.env['TERM'] ?? 'dumb',
  };
}

/** Describes a tree by the manifests in it. */
export function triedTree(name: string, directory: string, manifests: readonly Manifest[]): TriedTree {
  const bound = expectedOfHost(manifests);
  const libraries = manifests.flatMap(({ files }) => files.filter(({ role }) => role === 'library'));
  return {
    name,
    directory,
    wrapped: manifests.some(({ mode }) => mode === 'flatwrap'),
    hostPrograms: manifests.flatMap(({ view }) =>
      (view?.needs ?? []).flatMap(({ program, optional }) => (optional ? [] : [program])),
    ),
    bound,
    // the loader of the host searches elsewhere, too
    privateDirectories: bound ? [] : [...new Set(libraries.map(({ path }) => parent(path)))],
  };
}

/** Runs a command over the host with the extensions merged, and judges what it used. Throws as `runInSandbox` does. */
export async function runTrial(request: TrialRequest): Promise<TrialOutcome> {
  const trees = request.trees.map(tree => ({
    ...tree,
    view: directoryView(tree.directory, { label: tree.name }),
  }));
  const host = request.host === undefined ? undefined : directoryView(request.host, { label: 'the host' });
  const mounts = trees.some(({ wrapped }) => wrapped);
  const hierarchies = mergedHierarchies(trees, host);
  const merged = layeredView([...trees.map(({ view }) => view), ...(host ? [host] : [])], 'the merged root');
  refuseLackingPrograms(trees, merged, host !== undefined);
  if (process.getuid?.() !== 0)
    refuseLockedMounts([
      ...(request.host === undefined ? [] : [request.host]),
      ...hierarchies.flatMap(({ layers }) => layers),
    ]);
  const reader = new TraceReader(startsBeforeCommand(mounts, request.user));
  const { status, traced } = await runInSandbox(
    {
      ...request,
      hierarchies,
      configuration: placeOf(host, 'etc'),
      mounts,
    },
    line => reader.line(line),
  );
  if (!traced) return { status, trial: undefined };
  if (!reader.started) throw notStarted(request);
  // programs in a root of their own look there for what they name
  const staging = mounts ? [] : request.staging.map(directory => directoryView(directory));
  return { status, trial: judgeTrial(reader.uses, { merged, trees, host, staging }) };
}

/**
 * Refuses directories below which another file system is mounted. In a user namespace such a mount is locked, so that nobody
 * can see what it covers, and the kernel refuses an overlay of a directory above it (mount_namespaces(7); Linux,
 * fs/namespace.c, clone_private_mount). Throws `FlixError` `locked-mounts`.
 */
function refuseLockedMounts(directories: readonly string[]): void {
  const points = [...(mountPoints() ?? [])].sort();
  for (const directory of directories) {
    const real = realPlace(directory);
    const first = points.find(point => point !== real && within(real, point));
    if (first === undefined) continue;
    throw new FlixError(
      'missing',
      'locked-mounts',
      `only root can merge extensions over ${directory}, because other file systems are mounted below it, such as ${first}`,
      directory === '/'
        ? 'Run flix as root, or name a root as the host, for example: --host debian:trixie'
        : 'Run flix as root, or unmount them.',
    );
  }
}

/**
 * Refuses a tree whose wrappers call programs that the merged root lacks: bwrap would name only the first one, as the command
 * that it could not start. Throws `FlixError` `missing-host-program`.
 */
function refuseLackingPrograms(trees: readonly TriedTree[], merged: View, hasHost: boolean): void {
  for (const { name, hostPrograms } of trees) {
    const lacking = hostPrograms.filter(program => {
      const found = follow(merged, program);
      return found.path === undefined || found.kind !== 'file';
    });
    if (lacking.length === 0) continue;
    throw new FlixError(
      'missing',
      'missing-host-program',
      `the wrappers of ${name} call ${lacking.join(', ')}, which ${hasHost ? 'the host' : 'a root without a host'} lacks`,
      hasHost
        ? 'Add these programs to the host (unshare and mount come from util-linux), or vendor in Flix mode, which calls no program of the host.'
        : 'Leave out --alone, or vendor in Flix mode, which calls no program of the host.',
    );
  }
}

interface OpenedTree {
  readonly directory: string;
  readonly view: View;
}

/** What systemd-sysext and systemd-confext would mount (systemd-sysext(8)). */
function mergedHierarchies(trees: readonly OpenedTree[], host: View | undefined): MergedHierarchy[] {
  const layers = new Map<string, string[]>();
  for (const { directory, view } of trees) {
    const names = extensionRules[extensionTypeOf(view) ?? 'sysext'].hierarchies;
    const found = names.filter(name => view.kind(`/${name}`) === 'directory');
    if (found.length === 0)
      throw new FlixError(
        'input',
        'nothing-to-merge',
        `${directory} contains no directory ${names.join(' or ')}, so nothing of it would be merged`,
        'Name the top directory of an extension.',
      );
    for (const name of found) layers.set(name, [...(layers.get(name) ?? []), `${directory}/${name}`]);
  }
  return [...layers].map(([name, directories]) => ({ at: placeOf(host, name), layers: directories }));
}

/** A top-level directory may be a link, as /opt is on ostree systems. */
function placeOf(host: View | undefined, name: string): string {
  const place = host?.kind(`/${name}`) === undefined ? `/${name}` : follow(host, `/${name}`).path;
  if (place === undefined) throw badHierarchy(name, 'is a link that leads nowhere');
  const kind = host?.kind(place);
  if (kind !== undefined && kind !== 'directory') throw badHierarchy(name, 'is not a directory');
  if (!/^\/[\w./-]+$/.test(place))
    throw badHierarchy(name, `is a link to ${place}, over which nothing can be merged`);
  return place;
}

function badHierarchy(name: string, why: string): FlixError {
  return new FlixError('input', 'bad-hierarchy', `/${name} of the host ${why}`);
}
