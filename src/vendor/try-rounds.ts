import { FlixError } from '../errors.ts';
import { shellWord } from '../shell-word.ts';
import { missingTool } from '../io/spawn.ts';
import type { Missed, Trial } from '../trial/judge.ts';
import { runTrial, triedTree, type TrialRequest } from '../trial/run-trial.ts';
import { isOfEveryHost } from '../needs/every-host.ts';
import { targetOf } from '../plan/target.ts';
import type { Vendored } from './vendor.ts';

/** What runs of a program showed to be missing. */
export interface Additions {
  /** Paths of the root. */
  readonly seen: readonly string[];
  /** Names of libraries that were searched for in the private directory. */
  readonly dlopen: readonly string[];
}

export interface Rounds {
  readonly vendored: Vendored;
  readonly additions: Additions;
  /** What the last run loaded and missed, over all hosts. */
  readonly trial: Pick<Trial, 'missed' | 'libraries' | 'planned'>;
  readonly runs: number;
}

export interface RoundsRequest extends Pick<TrialRequest, 'staging' | 'network' | 'environment' | 'command'> {
  /** The roots over which the command runs, one after the other, at least one; `undefined`: only the tree. */
  readonly hosts: readonly (string | undefined)[];
  /** Makes the tree, with what earlier runs showed to be missing. */
  readonly build: (additions: Additions) => Promise<Vendored>;
}

/** A program that misses something new in every run has a fault that no file mends. */
const MAX_RUNS = 8;

/**
 * Builds a tree, runs the command in it, adds what it missed, and starts again until it misses nothing new on any host.
 * Throws `FlixError` `try-failed` if the command fails in the finished tree, which stays where it is.
 */
export async function tryInRounds({ build, hosts, ...request }: RoundsRequest): Promise<Rounds> {
  let additions: Additions = { seen: [], dlopen: [] };
  for (let runs = 1; ; runs++) {
    const vendored = await build(additions);
    const { manifest, tree } = vendored;
    const trees = [triedTree(manifest.name, tree, [manifest])];
    const trials: Trial[] = [];
    let failure: FlixError | undefined;
    for (const host of hosts) {
      const { status, trial } = await runTrial({ ...request, host, trees });
      if (!trial) throw missingTool('strace');
      trials.push(trial);
      if (status !== 0) failure ??= failed({ ...request, host }, tree, status, additions);
    }
    const trial = joined(trials);
    const next = extended(additions, trial.missed);
    if (next && runs < MAX_RUNS) {
      additions = next;
      continue;
    }
    if (failure) throw failure;
    return { vendored, additions, trial, runs };
  }
}

/** Joins what the runs over several hosts loaded and missed, without repeating a path. */
function joined(trials: readonly Trial[]): Rounds['trial'] {
  const planned = trials.flatMap(trial => trial.planned ?? []);
  return {
    ...(trials.some(trial => trial.planned) && { planned: byPath(planned) }),
    libraries: byPath(trials.flatMap(({ libraries }) => libraries)),
    missed: byPath(trials.flatMap(({ missed }) => missed)),
  };
}

function byPath<T extends { readonly path: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map(item => [item.path, item])).values()].sort((a, b) =>
    a.path < b.path ? -1 : 1,
  );
}

function failed(
  { command, host }: Pick<TrialRequest, 'command' | 'host'>,
  tree: string,
  status: number,
  { seen, dlopen }: Additions,
): FlixError {
  const words = command.map(shellWord).join(' ');
  const where = host === undefined ? '--alone' : `--host ${shellWord(host)}`;
  const brought = [...seen, ...dlopen];
  return new FlixError(
    'proof',
    'try-failed',
    `${words} ends with status ${status} in the finished tree ${tree}${brought.length > 0 ? `, which has ${brought.join(', ')} by now` : ''}`,
    `flix try ${shellWord(tree)} ${where} -- ${words}`,
  );
}

/** Adds what an extension can bring and hosts need not have. Returns `undefined` if there is nothing new. */
function extended({ seen, dlopen }: Additions, missed: readonly Missed[]): Additions | undefined {
  const paths = missed.flatMap(({ path, library }) =>
    library === undefined && canBring(path) ? [path] : [],
  );
  const names = missed.flatMap(({ library }) => library ?? []);
  const next = {
    seen: [...new Set([...seen, ...paths])].sort(),
    dlopen: [...new Set([...dlopen, ...names])].sort(),
  };
  return next.seen.length + next.dlopen.length > seen.length + dlopen.length ? next : undefined;
}

function canBring(path: string): boolean {
  const target = targetOf(path);
  return target !== undefined && !isOfEveryHost(target);
}
