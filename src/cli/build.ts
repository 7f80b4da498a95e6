import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { severities } from '../audit/finding.ts';
import { inputDigest, placeSize } from '../build/places.ts';
import { type Job, keyOf, ordered } from '../build/job.ts';
import { type JobResult, runJobs } from '../build/run-jobs.ts';
import { FlixError } from '../errors.ts';
import type { Progress } from '../io/progress.ts';
import { readOptionalText } from '../io/read-text.ts';
import { endingWithFlix, run } from '../io/spawn.ts';
import { type BuiltExtension, buildDocument, buildText } from '../report/build.ts';
import { commandLine, githubMatrix, ninjaText, planDocument, type PlannedJob } from '../report/build-plan.ts';
import { readSource } from '../stage/source.ts';
import { systemdSpelling } from '../systemd/architecture.ts';
import { versionOfCode } from '../version.ts';
import { kindAt, realPlace } from '../view/directory.ts';
import { createCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { isGzip } from './host-view.ts';
import { messageOptions } from './option-table.ts';
import { addOptions, type OptionTable, optionValues, type OptionValues } from './options.ts';
import { contradiction, jsonText, messagesOf, terminalStyle, writeResult } from './output.ts';
import { DEFAULT_RECIPE, readRecipe } from './recipe-file.ts';
import { jobsOf } from './recipe-jobs.ts';

const buildOptions = {
  out: {
    flags: '-o, --out <dir>',
    type: 'path',
    help: 'the directory for roots, trees, images and reports',
    default: 'build',
  },
  jobs: {
    flags: '-j, --jobs <number>',
    type: 'text',
    help: 'how many jobs run at once (default: one per core)',
  },
  refresh: {
    flags: '--refresh',
    type: 'switch',
    help: 'stage sources again, and build what uses packages that have changed',
    default: false,
  },
  force: { flags: '--force', type: 'switch', help: 'also build what has not changed', default: false },
  tests: { flags: '--no-tests', type: 'switch', help: 'do not run the smoke tests', default: true },
  plan: {
    flags: '--plan <format>',
    type: 'text',
    choices: ['json', 'ninja', 'github'],
    help: 'print the jobs for another engine, without running them',
  },
  program: {
    flags: '--program <words>',
    type: 'text',
    help: 'with --plan: the shell words that call flix',
    default: 'flix',
  },
  json: { flags: '--json', type: 'switch', help: 'print one JSON document', default: false },
  ...messageOptions,
} as const satisfies OptionTable;

type BuildOptions = OptionValues<typeof buildOptions>;

export function buildCommand(): Command {
  const command = createCommand('build')
    .description(
      'Does everything that recipes say: stages roots, vendors, makes images, audits them, runs the smoke tests, and publishes ' +
        'in a feed. What has not changed is not built again.',
    )
    .argument(
      '[recipe...]',
      `recipes, or directories that contain a ${DEFAULT_RECIPE} (default: ./${DEFAULT_RECIPE})`,
    );
  return addOptions(command, buildOptions)
    .addHelpText(
      'after',
      `
Examples:
  flix build recipes/*.json
  flix build --plan ninja recipes/*.json > build.ninja

Exit status: 0 if everything was built, passed its tests and has no finding as severe as “failOn”; otherwise that of the
first job that failed.`,
    )
    .action(async (places: string[]) => {
      const options = optionValues(command, buildOptions);
      if (options.json && options.plan !== undefined) throw contradiction('--json', `--plan ${options.plan}`);
      const messages = messagesOf(options);
      const jobs = plannedJobs(places.length > 0 ? places : ['.'], options);
      if (options.plan === undefined) await build(jobs, options, messages);
      else writeResult(await planText(jobs, options.plan, options));
    });
}

/** Reads the recipes, and returns their jobs in an order in which they can run. Throws `FlixError`. */
function plannedJobs(places: readonly string[], { out, tests }: BuildOptions): Job[] {
  const recipes = places.map(place => {
    const file = kindAt(realPlace(place)) === 'directory' ? path.join(place, DEFAULT_RECIPE) : place;
    return { file, recipe: readRecipe(file) };
  });
  const directory = process.cwd();
  const within = path.relative(directory, path.resolve(out));
  return ordered(
    jobsOf(recipes, {
      out: within === '' || within.startsWith('..') ? path.resolve(out) : within,
      directory,
      native: systemdSpelling(os.machine()),
      canRunOver,
      tests,
      today: new Date().toISOString().slice(0, 'YYYY-MM-DD'.length),
    }),
  );
}

/** Says whether a host is a root, an image or a source. Throws `FlixError` `absent` if it does not exist. */
function canRunOver(host: string): boolean {
  if (readSource(host)) return true;
  const kind = kindAt(realPlace(host));
  if (kind !== undefined) return kind === 'directory' || !isGzip(host);
  throw new FlixError(
    'input',
    'absent',
    `${host}: no such file or directory`,
    'Check “hosts” of the recipe; a relative path starts at the directory of the recipe.',
  );
}

async function planText(
  jobs: readonly Job[],
  format: NonNullable<BuildOptions['plan']>,
  { program, out }: BuildOptions,
): Promise<string> {
  const planned: PlannedJob[] = [];
  const identities = new Map<string, string>();
  for (const job of jobs) {
    const inputs = await Promise.all(job.inputs.map(inputDigest));
    const key = keyOf(
      job,
      versionOfCode,
      inputs,
      job.after.map(id => identities.get(id)!),
    );
    const { identity } = job;
    identities.set(job.id, identity !== undefined && isThere(identity) ? await inputDigest(identity) : key);
    planned.push({ ...job, key, inputs: job.inputs.filter(isThere) });
  }
  if (format === 'json') return jsonText(planDocument(planned));
  return format === 'ninja' ? ninjaText(planned, { program, out }) : githubMatrix(planned, { program, out });
}

async function build(jobs: readonly Job[], options: BuildOptions, messages: Progress): Promise<void> {
  const { refresh, force, quiet, json, out } = options;
  let ended = 0;
  const results = await runJobs(jobs, {
    state: path.join(out, '.jobs'),
    version: versionOfCode,
    limit: limitOf(options.jobs),
    force: ({ step }) => force || (refresh && step === 'stage'),
    run: async command => {
      const [tool, ...args] = [...(await endingWithFlix()), process.execPath, process.argv[1]!, ...command];
      const { stdout, stderr, exitCode } = await run(tool!, args, { inherit: true, allowFailure: true });
      return { status: exitCode, stdout, stderr };
    },
    onStart: job => messages.step(job.id, { number: ended + 1, total: jobs.length }),
    onEnd: result => {
      ended++;
      if (result.outcome !== 'unchanged')
        messages.message(`[${ended}/${jobs.length}] ${progressText(result)}`);
    },
  });
  messages.done();
  const extensions = await builtExtensions(results);
  if (json) writeResult(jsonText(buildDocument(extensions)));
  else if (!quiet) writeResult(buildText(extensions, terminalStyle()));
  const failed = results.find(({ outcome }) => outcome === 'failed');
  if (failed) process.exitCode = failed.status;
}

function progressText({ job, outcome, ms, messages, status }: JobResult): string {
  if (outcome === 'skipped') return `${job.id}: skipped, because a job that it needs has failed`;
  const seconds = `${(ms / 1000).toFixed(1)} s`;
  if (outcome === 'done') return `${job.id}: ${seconds}`;
  const command = ['flix', ...job.command];
  const shown = messages
    .trimEnd()
    .split('\n')
    .slice(-LAST_LINES)
    .map(line => `  ${line}`);
  const cause = job.step === 'audit' && status === EXIT.findings ? [`  flix audit ${job.command[1]}`] : shown;
  return [`${job.id}: failed (exit status ${status}, ${seconds})`, ...cause, `  ${shortened(command)}`].join(
    '\n',
  );
}

const LAST_LINES = 12;
const SHOWN = 300;

function shortened(words: readonly string[]): string {
  const text = commandLine(words);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)} …` : text;
}

async function builtExtensions(results: readonly JobResult[]): Promise<BuiltExtension[]> {
  const names = [...new Set(results.flatMap(({ job }) => job.extension ?? []))];
  return Promise.all(
    names.map(async name => {
      const own = results.filter(({ job }) => job.extension === name);
      // the files of an earlier build are still there if a job failed
      const report = own.find(({ job, outcome }) => job.step === 'audit' && outcome !== 'skipped')?.job
        .stdout;
      const images = own
        .filter(({ job }) => job.step === 'pack')
        .map(async ({ job: { outputs }, outcome }) => ({
          path: outputs[0]!,
          bytes: outcome === 'done' || outcome === 'unchanged' ? await placeSize(outputs[0]!) : null,
        }));
      const findings = findingsIn(report === undefined ? undefined : readOptionalText(report));
      return { name, images: await Promise.all(images), findings, results: own };
    }),
  );
}

function isThere(place: string): boolean {
  return kindAt(realPlace(place)) !== undefined;
}

function findingsIn(text: string | undefined): Record<string, number> | null {
  if (text === undefined || text === '') return null;
  const { findings } = JSON.parse(text) as { readonly findings: readonly { readonly severity: string }[] };
  return Object.fromEntries(
    severities.map(severity => [severity, findings.filter(found => found.severity === severity).length]),
  );
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return os.availableParallelism();
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new FlixError('input', 'usage', `--jobs ${text} is not a number of jobs`, 'For example: --jobs 2');
}
