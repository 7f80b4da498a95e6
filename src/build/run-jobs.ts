import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { readOptionalText } from '../io/read-text.ts';
import { inputDigest } from './places.ts';
import { type Job, keyOf, ordered } from './job.ts';

export interface JobResult {
  readonly job: Job;
  /** `skipped`: a job that it needs has failed. */
  readonly outcome: 'done' | 'unchanged' | 'failed' | 'skipped';
  /** How long its last run took. */
  readonly ms: number;
  /** What it printed on standard error. */
  readonly messages: string;
  readonly status: number;
}

/** What a job printed, and how it ended. */
export interface JobRun {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunnerOptions {
  /** The directory for the state of earlier runs. */
  readonly state: string;
  readonly version: string;
  /** How many jobs run at once. */
  readonly limit: number;
  /** Whether to run a job although nothing has changed. */
  readonly force: (job: Job) => boolean;
  readonly run: (command: readonly string[]) => Promise<JobRun>;
  readonly onStart: (job: Job) => void;
  readonly onEnd: (result: JobResult) => void;
}

/** The record of a job's last successful run. */
interface JobState {
  readonly key: string;
  /** Modes, sizes and times of the outputs: one that was changed or removed since is made again. */
  readonly outputs: string;
  readonly ms: number;
  readonly messages: string;
}

/**
 * Runs the jobs that have changed, each after those that it needs; a failed job stops only those that need it. Throws
 * `FlixError` `same-output`.
 */
export async function runJobs(jobs: readonly Job[], options: RunnerOptions): Promise<JobResult[]> {
  const limit = pLimit(options.limit);
  const digests = new Map<string, Promise<string>>();
  const digestOf = (place: string) => {
    const known = digests.get(place) ?? inputDigest(place);
    digests.set(place, known);
    return known;
  };
  const ends = new Map<string, Promise<{ readonly result: JobResult; readonly identity: string }>>();
  for (const job of ordered(jobs)) {
    const end = async () => {
      const before = await Promise.all(job.after.map(id => ends.get(id)!));
      const failed = before.some(({ result }) => result.outcome === 'failed' || result.outcome === 'skipped');
      const key = keyOf(
        job,
        options.version,
        await Promise.all(job.inputs.map(digestOf)),
        before.map(({ identity }) => identity),
      );
      const result: JobResult = failed
        ? { job, outcome: 'skipped', ms: 0, messages: '', status: 0 }
        : await limit(() => runIfChanged(job, key, options));
      options.onEnd(result);
      return { result, identity: job.identity === undefined ? key : await inputDigest(job.identity) };
    };
    ends.set(job.id, end());
  }
  return (await Promise.all(ends.values())).map(({ result }) => result);
}

async function runIfChanged(job: Job, key: string, options: RunnerOptions): Promise<JobResult> {
  const file = path.join(options.state, `${job.id}.json`);
  const last = stateIn(readOptionalText(file));
  if (last?.key === key && !options.force(job) && last.outputs === (await stampOf(job)))
    return { job, outcome: 'unchanged', ms: last.ms, messages: last.messages, status: 0 };
  options.onStart(job);
  await fs.rm(file, { force: true });
  for (const place of [file, ...job.outputs]) await fs.mkdir(path.dirname(place), { recursive: true });
  const start = performance.now();
  const { status, stdout, stderr } = await options.run(job.command);
  const ms = Math.round(performance.now() - start);
  if (job.stdout !== undefined) await fs.writeFile(job.stdout, stdout);
  if (status !== 0) return { job, outcome: 'failed', ms, messages: stderr, status };
  const state: JobState = { key, outputs: await stampOf(job), ms, messages: stderr };
  await fs.writeFile(file, `${JSON.stringify(state)}\n`);
  return { job, outcome: 'done', ms, messages: stderr, status };
}

function stateIn(text: string | undefined): JobState | undefined {
  try {
    return (JSON.parse(text ?? 'null') as JobState | null) ?? undefined;
  } catch {
    return undefined; // a killed run has written only a part of it
  }
}

/** Returns what shows that outputs were changed. Of a root, which has ten thousand files, only the top and the record count. */
async function stampOf({ outputs, identity }: Job): Promise<string> {
  if (identity !== undefined) return (await Promise.all([...outputs, identity].map(statOf))).join(', ');
  return (await Promise.all(outputs.map(stampBelow))).join(', ');
}

async function stampBelow(place: string): Promise<string> {
  const names = await fs.readdir(place, { recursive: true }).catch(() => undefined); // not a directory
  if (!names) return statOf(place);
  const hash = createHash('sha256');
  for (const name of ['', ...names.sort()]) hash.update(`${name}\0${await statOf(path.join(place, name))}\0`);
  return hash.digest('hex');
}

async function statOf(place: string): Promise<string> {
  const stat = await fs.lstat(place).catch(() => undefined);
  return stat ? `${stat.mode.toString(8)} ${stat.size} ${stat.mtimeMs}` : 'absent';
}
