import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/build/job.ts';
import { type JobRun, runJobs } from '../../src/build/run-jobs.ts';
import { scratch } from '../io/scratch.ts';
import { has } from '../lab/requires.ts';

const at = scratch();

function job(id: string, more: Partial<Job> = {}): Job {
  const base = {
    id,
    step: 'vendor',
    extension: 'app',
    command: [id],
    inputs: [],
    outputs: [],
    after: [],
  } as const;
  return { ...base, ...more };
}

interface RunnerSetting {
  readonly limit?: number;
  readonly force?: string;
  readonly version?: string;
  /** Gets the number of running jobs when one starts, and delays that one. */
  readonly crowd?: (running: number) => Promise<void>;
  readonly run?: (command: readonly string[]) => JobRun;
}

/** Runs jobs, and returns the outcome of each, in the order in which they ended. */
async function outcomesOf(
  jobs: readonly Job[],
  { limit = 2, force, version = '1', run, crowd }: RunnerSetting = {},
) {
  const log: string[] = [];
  let running = 0;
  let most = 0;
  await runJobs(jobs, {
    state: at('state'),
    version,
    limit,
    force: ({ id }) => id === force,
    run: async command => {
      most = Math.max(most, ++running);
      if (crowd !== undefined) await crowd(running);
      running--;
      return run?.(command) ?? { status: 0, stdout: '', stderr: '' };
    },
    onStart: () => {},
    onEnd: ({ job: { id }, outcome }) => log.push(`${id} ${outcome}`),
  });
  return { log, most };
}

describe('the runner', () => {
  it('runs each job after those that it needs, however they are listed, and nothing twice', async () => {
    const jobs = [job('c', { after: ['b'] }), job('b', { after: ['a'] }), job('a')];
    expect((await outcomesOf(jobs)).log).toEqual(['a done', 'b done', 'c done']);
    expect((await outcomesOf(jobs)).log.sort()).toEqual(['a unchanged', 'b unchanged', 'c unchanged']);
  });

  it('runs as many jobs at once as the limit allows, and no more', async () => {
    const jobs = ['a', 'b', 'c', 'd'].map(id => job(id));
    const waiting: (() => void)[] = [];
    const pairs = (running: number) =>
      new Promise<void>(resolve => {
        waiting.push(resolve);
        if (running === 2) for (const go of waiting.splice(0)) go();
      });
    expect((await outcomesOf(jobs, { limit: 2, crowd: pairs })).most).toBe(2);
    fs.rmSync(at('state'), { recursive: true });
    const oneTurn = () => new Promise<void>(resolve => setImmediate(resolve));
    expect((await outcomesOf(jobs, { limit: 1, crowd: oneTurn })).most).toBe(1);
  });

  it('skips what needs a failed job, runs the others, and runs the failed one again', async () => {
    const jobs = [job('a'), job('b', { after: ['a'] }), job('c', { after: ['b'] }), job('d')];
    const fail = (command: readonly string[]) => ({
      status: command[0] === 'a' ? 4 : 0,
      stdout: '',
      stderr: '',
    });
    expect((await outcomesOf(jobs, { run: fail })).log.sort()).toEqual([
      'a failed',
      'b skipped',
      'c skipped',
      'd done',
    ]);
    expect((await outcomesOf(jobs)).log.sort()).toEqual(['a done', 'b done', 'c done', 'd unchanged']);
  });

  it.each<[string, () => void, RunnerSetting, Partial<Job>]>([
    ['the command', () => {}, {}, { command: ['other'] }],
    ['the version of flix', () => {}, { version: '2' }, {}],
    ['what else decides', () => {}, {}, { salt: 'other' }],
    ['a file', () => fs.writeFileSync(at('in/file'), 'new'), {}, {}],
    ['a mode', () => fs.chmodSync(at('in/file'), 0o600), {}, {}],
    ['a link', () => fs.symlinkSync('file', at('in/link')), {}, {}],
    ['an output that was removed', () => fs.rmSync(at('out')), {}, {}],
    ['an output that was changed', () => fs.writeFileSync(at('out'), 'edited'), {}, {}],
  ])('runs a job again, and what follows it, if %s has changed', async (_, change, options, more) => {
    fs.rmSync(at('state'), { recursive: true, force: true });
    fs.rmSync(at('in'), { recursive: true, force: true });
    fs.mkdirSync(at('in'));
    fs.writeFileSync(at('in/file'), 'old');
    const jobs = (own: Partial<Job>) => [
      job('a', { inputs: [at('in')], outputs: [at('out')], ...own }),
      job('b', { after: ['a'] }),
    ];
    const run = ([name]: readonly string[]) => {
      if (name !== 'b') fs.writeFileSync(at('out'), 'made');
      return { status: 0, stdout: '', stderr: '' };
    };
    await outcomesOf(jobs({}), { run });
    expect((await outcomesOf(jobs({}), { run })).log).toEqual(['a unchanged', 'b unchanged']);
    change();
    const [first] = (await outcomesOf(jobs(more), { ...options, run })).log;
    expect(first).toBe('a done');
  });

  it.each<[string, () => void]>([
    ['removed', () => fs.rmSync(at('tree/usr/bin/app'))],
    ['changed', () => fs.writeFileSync(at('tree/usr/bin/app'), 'edited')],
    ['added', () => fs.writeFileSync(at('tree/usr/bin/other'), '')],
    ['made executable', () => fs.chmodSync(at('tree/usr/bin/app'), 0o755)],
  ])('makes a tree again in which a file was %s', async (_, change) => {
    const run = () => {
      fs.rmSync(at('tree'), { recursive: true, force: true });
      fs.mkdirSync(at('tree/usr/bin'), { recursive: true });
      fs.writeFileSync(at('tree/usr/bin/app'), 'made');
      return { status: 0, stdout: '', stderr: '' };
    };
    const jobs = [job('a', { outputs: [at('tree')] })];
    await outcomesOf(jobs, { run });
    expect((await outcomesOf(jobs, { run })).log).toEqual(['a unchanged']);
    change();
    expect((await outcomesOf(jobs, { run })).log).toEqual(['a done']);
  });

  it('does not run what follows a job again if the job ran again but its identity is the same', async () => {
    const jobs = [
      job('stage', { outputs: [at('root')], identity: at('root/record') }),
      job('vendor', { after: ['stage'] }),
    ];
    let content = 'packages of today';
    const run = ([name]: readonly string[]) => {
      if (name === 'stage') {
        fs.mkdirSync(at('root'), { recursive: true });
        fs.writeFileSync(at('root/record'), content);
      }
      return { status: 0, stdout: '', stderr: '' };
    };
    expect((await outcomesOf(jobs, { run })).log).toEqual(['stage done', 'vendor done']);
    expect((await outcomesOf(jobs, { run, force: 'stage' })).log).toEqual(['stage done', 'vendor unchanged']);
    content = 'packages of tomorrow';
    expect((await outcomesOf(jobs, { run, force: 'stage' })).log).toEqual(['stage done', 'vendor done']);
  });

  it.runIf(has('user'))(
    'accepts inputs with parts that this user may not read, and notices when they become readable',
    async () => {
      fs.mkdirSync(at('in/secret'), { recursive: true });
      fs.writeFileSync(at('in/file'), '', { mode: 0 });
      fs.chmodSync(at('in/secret'), 0);
      const jobs = [job('a', { inputs: [at('in')] })];
      expect((await outcomesOf(jobs)).log).toEqual(['a done']);
      expect((await outcomesOf(jobs)).log).toEqual(['a unchanged']);
      fs.chmodSync(at('in/secret'), 0o755);
      expect((await outcomesOf(jobs)).log).toEqual(['a done']);
    },
  );

  it('writes the output of a job to its file, even if the job fails', async () => {
    const run = () => ({ status: 1, stdout: 'report', stderr: '' });
    await outcomesOf([job('audit', { stdout: at('deep/report.json'), outputs: [at('deep/report.json')] })], {
      run,
    });
    expect(fs.readFileSync(path.join(at('deep'), 'report.json'), 'utf8')).toBe('report');
  });

  it('refuses two jobs that write to one place', async () => {
    const twice = [job('a', { outputs: ['x'] }), job('b', { outputs: ['x'] })];
    await expect(outcomesOf(twice)).rejects.toThrow('a and b would both write x');
  });
});
