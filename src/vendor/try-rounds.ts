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
  /** Of the last run. */
  readonly trial: Trial;
  readonly runs: number;
}

export interface RoundsRequest extends Pick<
  TrialRequest,
  'host' | 'staging' | 'network' | 'environment' | 'command'
> {
  /** Makes the tree, with what earlier runs showed to be missing. */
  readonly build: (additions: Additions) => Promise<Vendored>;
}

/** A program that misses something new in every run has a fault that no file mends. */
const MAX_RUNS = 8;

/**
 * Builds a tree, runs the command in it, adds what it missed, and starts again until it misses nothing new. Throws
 * `FlixError` `try-failed` if the command fails in the finished tree, which stays where it is.
 */
export async function tryInRounds({ build, ...request }: RoundsRequest): Promise<Rounds> {
  let additions: Additions = { seen: [], dlopen: [] };
  for (let runs = 1; ; runs++) {
    const vendored = await build(additions);
    const { manifest, tree } = vendored;
    const { status, trial } = await runTrial({
      ...request,
      trees: [triedTree(manifest.name, tree, [manifest])],
    });
    if (!trial) throw missingTool('strace');
    const next = extended(additions, trial.missed);
    if (next && runs < MAX_RUNS) {
      additions = next;
      continue;
    }
    if (status === 0) return { vendored, additions, trial, runs };
    throw failed(request, tree, status, additions);
  }
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
