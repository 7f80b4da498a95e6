import { isOfEveryHost } from '../needs/every-host.ts';
import { packageOf } from '../packages/database.ts';
import { withParents } from '../plan/bring-needs.ts';
import type { Plan } from '../plan/plan.ts';
import { targetOf } from '../plan/target.ts';
import { isSharedDirectory } from '../systemd/merged-directory.ts';
import { runTrial, type TrialRequest } from '../trial/run-trial.ts';
import { missingTool } from '../io/spawn.ts';
import type { RootUse } from '../trial/judge.ts';
import { parent } from '../view/path.ts';
import type { View } from '../view/view.ts';

/** Files of the root that a run used and a plan does not bring, in one directory of one package. */
export interface Uncovered {
  /** A directory of which the plan brings nothing, or a file. */
  readonly path: string;
  /** The files in it that were used, sorted. */
  readonly files: readonly string[];
  readonly programs: readonly string[];
  readonly package?: string;
  /** Why no extension can bring it, or needs not. */
  readonly because?: 'outside' | 'every host has it';
}

export interface RootTrace {
  /** The exit status of the command. */
  readonly status: number;
  /** How many files of the root were used, and how many of them the plan brings. */
  readonly used: number;
  readonly covered: number;
  readonly uncovered: readonly Uncovered[];
}

/**
 * Runs a command in a root, on which nothing changes, and compares the files that it used with a plan. Throws as `runTrial`
 * does.
 */
export async function traceRoot(
  root: View,
  plan: Plan,
  request: Pick<TrialRequest, 'host' | 'network' | 'environment' | 'command'>,
): Promise<RootTrace> {
  const { status, trial } = await runTrial({ ...request, trees: [], staging: [] });
  if (!trial) throw missingTool('strace');
  const brought = new Set(
    plan.files.flatMap(({ content }) => (content.kind === 'copy' ? [content.path] : [])),
  );
  const uncovered = trial.used.filter(({ path }) => !brought.has(path));
  return {
    status,
    used: trial.used.length,
    covered: trial.used.length - uncovered.length,
    uncovered: gathered(uncovered, brought, root),
  };
}

function gathered(uses: readonly RootUse[], brought: ReadonlySet<string>, root: View): Uncovered[] {
  const occupied = withParents(brought);
  const found = new Map<string, { files: string[]; programs: Set<string> }>();
  for (const { path, programs } of uses) {
    const top = topmost(path, occupied);
    const known = found.get(top) ?? { files: [], programs: new Set() };
    known.files.push(path);
    for (const program of programs) known.programs.add(program);
    found.set(top, known);
  }
  const all: Uncovered[] = [];
  for (const [path, { files, programs }] of found) {
    const because = reasonAgainst(path);
    const owner = packageOf(root, files[0]!)?.name;
    all.push({
      path,
      files: files.sort(),
      programs: [...programs].sort(),
      ...(owner !== undefined && { package: owner }),
      ...(because && { because }),
    });
  }
  return all.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What can be brought comes first, then by package. */
function key({ because, package: owner, path }: Uncovered): string {
  return [because ?? '', owner ?? '', path].join('\0');
}

/** Returns the topmost directory that belongs to no more than one package and of which the plan brings nothing, or the file. */
function topmost(path: string, occupied: ReadonlySet<string>): string {
  const isFree = (directory: string) =>
    directory.split('/').length > 3 && !isSharedDirectory(directory) && !occupied.has(directory);
  let top = path;
  while (isFree(parent(top))) top = parent(top);
  return top;
}

function reasonAgainst(path: string): Uncovered['because'] {
  const target = targetOf(path);
  if (target === undefined) return 'outside';
  return isOfEveryHost(target) ? 'every host has it' : undefined;
}
