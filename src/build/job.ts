import { createHash } from 'node:crypto';
import { FlixError } from '../errors.ts';

export const steps = ['stage', 'vendor', 'pack', 'audit', 'try'] as const;
export type Step = (typeof steps)[number];

/**
 * One call of flix. It reads only its inputs and the outputs of the jobs in `after`, so any engine can run it anywhere. Paths are relative to the directory in which the plan was made, or absolute.
 */
export interface Job {
  /** `tilde/vendor` */
  readonly id: string;
  readonly step: Step;
  /** The extension of which it makes a part; `undefined`: it makes a root, which several extensions may use. */
  readonly extension: string | undefined;
  /** The arguments of flix. */
  readonly command: readonly string[];
  /** The file that gets its standard output. */
  readonly stdout?: string;
  /** Files and directories that no job makes. */
  readonly inputs: readonly string[];
  /** Files and directories that this job alone makes. */
  readonly outputs: readonly string[];
  /** The ids of the jobs that have to end first. */
  readonly after: readonly string[];
  /** An output that identifies all of them, for a job whose result its inputs do not determine: the versions of staged packages. */
  readonly identity?: string;
  /** What decides the result beside the command and the inputs. */
  readonly salt?: string;
}

/**
 * Returns the cache key of a job: equal keys mean equal outputs, wherever flix and the inputs are.
 *
 * @param inputs the digests of its inputs, in their order
 * @param before the digests that identify the outputs of the jobs in `after`, in their order
 */
export function keyOf(
  job: Job,
  version: string,
  inputs: readonly string[],
  before: readonly string[],
): string {
  const { command, stdout = null, salt = null } = job;
  const text = JSON.stringify({ version, command, stdout, salt, inputs, before });
  return createHash('sha256').update(text).digest('hex');
}

/** Orders jobs so that each follows those that it needs. Throws `FlixError` `same-output` if two jobs write to one place. */
export function ordered(jobs: readonly Job[]): Job[] {
  const byId = new Map(jobs.map(job => [job.id, job]));
  const makers = new Map<string, string>();
  for (const { id, outputs } of byId.values())
    for (const output of outputs) {
      const other = makers.get(output);
      if (other !== undefined)
        throw new FlixError(
          'input',
          'same-output',
          `${other} and ${id} would both write ${output}`,
          'Give the extensions different names, or build them with different --out.',
        );
      makers.set(output, id);
    }
  const done = new Set<Job>();
  const add = (job: Job) => {
    if (done.has(job)) return;
    for (const id of job.after) add(byId.get(id)!);
    done.add(job);
  };
  for (const job of byId.values()) add(job);
  return [...done];
}
