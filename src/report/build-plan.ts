import { createHash } from 'node:crypto';
import type { Job } from '../build/job.ts';
import { shellWord } from '../shell-word.ts';

/** A job with its cache key. */
export interface PlannedJob extends Job {
  readonly key: string;
}

export interface PlanTextOptions {
  /** The shell words with which the plan calls flix. */
  readonly program: string;
  /** The directory in which the plan may keep files. */
  readonly out: string;
}

/** Returns the jobs as one document, for other engines. */
export function planDocument(jobs: readonly PlannedJob[]) {
  return {
    schema: 'flix.plan/1',
    jobs: jobs.map(({ id, step, extension = null, command, stdout = null, inputs, outputs, after, key }) => ({
      id,
      step,
      extension,
      command: ['flix', ...command],
      stdout,
      inputs,
      outputs,
      after,
      key,
    })),
  };
}

/**
 * Returns a Ninja file. Ninja compares times, but those of trees and images are fixed, so each job touches an empty file, its
 * stamp, when it has ended.
 */
export function ninjaText(jobs: readonly PlannedJob[], { program, out }: PlanTextOptions): string {
  const stamps = new Map(jobs.map(({ id }) => [id, `${out}/.done/${id}`]));
  const lines = [
    '# Written by “flix build --plan ninja”. Write it again when a recipe changes.',
    'ninja_required_version = 1.5',
    `flix = ${ninjaValue(program)}`,
    '',
    'rule flix',
    '  command = $run && mkdir -p $$(dirname $out) && touch $out',
    '  description = $out',
    '',
  ];
  for (const job of jobs) {
    const { id, inputs, after } = job;
    // Ninja runs a job after those whose stamps it needs, and requires that all other inputs exist
    const needed = [...inputs, ...after.map(other => stamps.get(other)!)];
    const on = needed.length > 0 ? ` ${needed.map(ninjaPath).join(' ')}` : '';
    lines.push(`build ${ninjaPath(stamps.get(id)!)}: flix${on}`);
    lines.push(`  run = ${ninjaValue(directoriesOf(job))}$flix ${ninjaValue(shellOf(job))}`, '');
  }
  return `${lines.join('\n')}\n`;
}

/** Escapes `$`, which begins a variable of Ninja. */
function ninjaValue(text: string): string {
  return text.replaceAll('$', '$$$$');
}

function ninjaPath(text: string): string {
  return text.replaceAll(/[$ :]/g, '$$$&');
}

/** Returns a command as one line of a shell, in which no word contains a line end: Ninja cannot write one. */
export function commandLine(command: readonly string[]): string {
  const words = command.map(word =>
    word.includes('\n')
      ? `"$(printf '%s\\n' ${word.split('\n').map(shellWord).join(' ')})"`
      : shellWord(word),
  );
  return words.join(' ');
}

/** Returns a job as one line of a shell, without the name of flix. */
function shellOf({ command, stdout }: Job): string {
  return `${commandLine(command)}${stdout === undefined ? '' : ` > ${shellWord(stdout)}`}`;
}

/** Returns the command that makes the directories of a job's outputs. */
function directoriesOf({ outputs }: Job): string {
  const places = [...new Set(outputs.map(output => output.slice(0, output.lastIndexOf('/'))))];
  return places.length > 0 ? `mkdir -p ${places.map(shellWord).join(' ')} && ` : '';
}

/**
 * Returns the matrix for a workflow of GitHub Actions, on one line. It has an entry for each extension: a script with all of
 * its commands, its outputs, and the key under which `actions/cache` may keep them.
 */
export function githubMatrix(jobs: readonly PlannedJob[], { program }: PlanTextOptions): string {
  const byId = new Map(jobs.map(job => [job.id, job]));
  const extensions = [
    ...new Set(jobs.flatMap(({ extension = '' }) => (extension === '' ? [] : [extension]))),
  ];
  const include = extensions.map(extension => {
    const own = jobs.filter(job => job.extension === extension);
    const roots = new Set(own.flatMap(({ after }) => after).filter(id => byId.get(id)!.step === 'stage'));
    const all = jobs.filter(job => own.includes(job) || roots.has(job.id));
    const key = createHash('sha256').update(all.map(job => job.key).join('\n'));
    return {
      extension,
      key: `flix-${key.digest('hex').slice(0, 32)}`,
      run: ['set -e', ...all.map(job => `${directoriesOf(job)}${program} ${shellOf(job)}`)].join('\n'),
      path: own.flatMap(({ outputs }) => outputs).join('\n'),
    };
  });
  return `${JSON.stringify({ include })}\n`;
}
