import { createHash } from 'node:crypto';
import { FlixError } from '../errors.ts';

export const steps = ['stage', 'vendor', 'pack', 'audit', 'try'] as const;
export type Step = (typeof steps)[number];

/**
 * One call of flix. It reads its inputs and the outputs of the jobs in `after`, and nothing else, so any engine can run it
 * anywhere. Paths are relative to the directory in which the plan was made, or absolute.
 */
export interface Job {
  /** `tilde/vendor` */
  readonly id: string;
  readonly step: Step;
  /** The extension that it is for; `undefined`: a root, which several extensions may use. */
  readonly extension: string | undefined;
  /** The arguments of flix. */
  readonly command: readonly string[];
  /** Where its standard output goes. */
  readonly stdout?: string;
  /** Files and directories that no job makes. */
  readonly inputs: readonly string[];
  /** Files and directories that it makes, and that no other job makes. */
  readonly outputs: readonly string[];
  /** The jobs that have to end before. */
  readonly after: readonly string[];
  /** One of the outputs, a file that identifies all of them: what the archive of a distribution had on that day. */
  readonly identity?: string;
  /** What else decides the result. */
  readonly salt?: string;
}

/**
 * Returns the cache key of a job: equal keys mean equal outputs. The path of flix and the directory do not matter.
 *
 * @param inputs the digests of its inputs, in their order
 * @param before what identifies the outputs of the jobs in `after`, in their order
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

/** Orders jobs so that each follows those that it needs. Throws `FlixError` `same-output` if two jobs would write to one place. */
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
