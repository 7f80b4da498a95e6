import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Job } from '../build/job.ts';
import { FlixError } from '../errors.ts';
import { type Format, formats, suffixes } from '../pack/format.ts';
import { readSource } from '../stage/source.ts';
import { basename } from '../view/path.ts';
import { STAGE_RECORD } from '../view/stage-record.ts';
import {
  distributionOptions,
  failOnOption,
  feedOptions,
  imageOptions,
  recipeOptions,
  vendorOptions,
} from './option-table.ts';
import type { OptionRow, OptionTable, Recipe } from './options.ts';
import type { SmokeTest } from './recipe-keys.ts';

/** A recipe that was read, and what the planner has to know of the machine. */
export interface PlannedRecipe {
  readonly file: string;
  readonly recipe: Recipe;
}

export interface PlanOptions {
  /** The directory below which everything is made, relative to `directory`. */
  readonly out: string;
  /** Paths of the plan are relative to it. */
  readonly directory: string;
  /** The architecture of the machines that run the jobs, as systemd spells it: smoke tests of others are left out. */
  readonly native: string | undefined;
  /** Whether a command can run over a host: a profile has no files. */
  readonly canRunOver: (host: string) => boolean;
  readonly tests: boolean;
  /** Such as `2027-03-31`: findings that were allowed until then count afterwards. */
  readonly today: string;
}

/** A distribution that is a host has systemd, which decides whether an extension is merged. */
const HOST_PACKAGES = ['systemd'];
/** An ordinary user, beside root. */
const DEFAULT_USERS = ['root', '1000'];
/** What identifies the root of this machine, which is too large to be read, and always changes. */
const PACKAGE_DATABASES = [
  '/var/lib/dpkg/status',
  '/lib/apk/db/installed',
  '/var/lib/pacman/local',
  '/var/lib/rpm',
];
/** Decided by the planner instead. */
const NOT_PASSED = new Set(['root', 'paths', 'name', 'out', 'pack', 'output', 'format', 'host', 'staging']);

/** Returns the jobs of recipes. A root that several of them use is staged once. Throws `FlixError`. */
export function jobsOf(recipes: readonly PlannedRecipe[], options: PlanOptions): Job[] {
  const jobs = recipes.flatMap(({ file, recipe }) => {
    const named = recipe['architectures'] as readonly string[] | undefined;
    return named
      ? named.flatMap(architecture => variantJobs(file, recipe, architecture, `/${architecture}`, options))
      : variantJobs(file, recipe, recipe['arch'] as string | undefined, '', options);
  });
  return [...new Map(jobs.map(job => [job.id, job])).values()];
}

/** Returns the jobs that make the extension for one architecture. @param suffix tells its places from those of others */
function variantJobs(
  file: string,
  recipe: Recipe,
  architecture: string | undefined,
  suffix: string,
  options: PlanOptions,
): Job[] {
  const { out, directory } = options;
  const name = nameOf(file, recipe);
  const extension = `${name}${suffix}`;
  const place = `${out}/${extension}`;
  const near = (text: string) => nearPlace(text, directory);
  const stagings: Job[] = [];
  /** Returns where a root is, and the job that makes it. */
  const rootAt = (given: string, stage: Recipe): Located => {
    const job = stageJob(near(given), stage, architecture, options);
    if (!job)
      return { place: near(given), inputs: given === '/' ? PACKAGE_DATABASES : [near(given)], after: [] };
    stagings.push(job);
    return { place: job.outputs[0]!, inputs: [], after: [job.id] };
  };
  const list = (key: string) => (recipe[key] as readonly string[] | undefined) ?? [];
  const asHost = (host: string) => rootAt(host, { include: HOST_PACKAGES });

  const { root: given } = recipe;
  if (typeof given !== 'string')
    throw badRecipe(file, 'has no "root"', 'Write "root": "debian:bookworm", or the path of a root.');
  const own = (recipe['stage'] as Recipe | undefined) ?? {};
  const include = [...((own['include'] as readonly string[] | undefined) ?? []), ...list('package')];
  const root = rootAt(given, { ...own, include });
  const boundTo = list('host').map(asHost);
  const staging = list('staging').map(each => rootAt(each, {}));
  const tree: Job = {
    id: `${extension}/vendor`,
    step: 'vendor',
    extension,
    command: [
      'vendor',
      root.place,
      ...list('paths'),
      '--no-config',
      '--quiet',
      '--name',
      name,
      '--out',
      `${place}/tree`,
      ...staging.flatMap(({ place: at }) => ['--staging', at]),
      ...boundTo.flatMap(({ place: at }) => ['--host', at]),
      ...argumentsOf(without(vendorOptions, imageOptions), recipe, near),
    ],
    inputs: [
      ...[root, ...staging, ...boundTo].flatMap(({ inputs }) => inputs),
      ...pathsIn(without(recipeOptions, imageOptions), recipe).map(near),
    ],
    outputs: [`${place}/tree`, `${place}/${name}.proof.json`],
    after: [root, ...staging, ...boundTo].flatMap(({ after }) => after),
  };
  const chosen = list('formats') as readonly Format[];
  const all = chosen.length > 0 ? chosen : [(recipe['format'] as Format | undefined) ?? formats[0]];
  const images = all.map((format, i) =>
    packJob(tree, { name, place, format, near, recipe, isFirst: i === 0 }),
  );
  const slugs = list('hosts').map(host => slug(near(host)));
  const hosts = list('hosts').map((host, i) => {
    const label = slugs.indexOf(slugs[i]!) === i ? slugs[i]! : `${slugs[i]}.${i + 1}`;
    return Object.assign({ given: near(host), label }, asHost(host));
  });
  const audit: Job = {
    id: `${extension}/audit`,
    step: 'audit',
    extension,
    command: [
      'audit',
      auditedPlace(images, tree),
      '--quiet',
      '--json',
      '--policy',
      near(path.resolve(file)),
      ...hosts.flatMap(({ place: at }) => ['--host', at]),
      ...argumentsOf(failOnOption, recipe, near),
    ],
    stdout: `${place}/audit.json`,
    inputs: [near(path.resolve(file)), ...hosts.flatMap(({ inputs }) => inputs)],
    outputs: [`${place}/audit.json`],
    after: [...new Set([...images.map(({ id }) => id), ...hosts.flatMap(({ after }) => after)])],
    salt: expired(recipe, options.today),
  };
  const isNative = architecture === undefined || architecture === options.native;
  const tries =
    options.tests && isNative
      ? hosts
          .filter(({ given: host }) => options.canRunOver(host))
          .flatMap(host => tryJobs(tree, host, (recipe['tests'] as SmokeTest[] | undefined) ?? []))
      : [];
  return [...stagings, tree, ...images, audit, ...tries];
}

interface Located {
  readonly place: string;
  readonly inputs: readonly string[];
  readonly after: readonly string[];
}

/** Returns the job that stages a source; `undefined`: the place is not a source. */
function stageJob(
  place: string,
  stage: Recipe,
  architecture: string | undefined,
  { out, directory }: PlanOptions,
): Job | undefined {
  const source = readSource(place);
  if (!source) return undefined;
  const isDistribution = 'suite' in source || 'version' in source;
  const options = [
    ...(isDistribution ? argumentsOf(distributionOptions, stage, text => nearPlace(text, directory)) : []),
    ...(architecture === undefined ? [] : ['--arch', architecture]),
  ];
  const digest = createHash('sha256')
    .update(JSON.stringify([place, ...options]))
    .digest('hex')
    .slice(0, 8);
  const at = `roots/${slug(place)}-${digest}`;
  return {
    id: at,
    step: 'stage',
    extension: undefined,
    command: ['stage', place, ...options, '--quiet', '--out', `${out}/${at}`],
    inputs: 'place' in source ? [source.place] : [],
    outputs: [`${out}/${at}`],
    after: [],
    identity: `${out}/${at}${STAGE_RECORD}`,
  };
}

interface ImageChoice {
  readonly name: string;
  readonly place: string;
  readonly format: Format;
  readonly near: (text: string) => string;
  readonly recipe: Recipe;
  readonly isFirst: boolean;
}

/** Returns the job that makes an image. The first one of a recipe goes into its feed. */
function packJob(tree: Job, { name, place, format, near, recipe, isFirst }: ImageChoice): Job {
  const image = `${place}/${format}/${name}${suffixes[format]}`;
  const { format: _, ...others } = imageOptions;
  return {
    id: `${tree.extension!}/pack.${format}`,
    step: 'pack',
    extension: tree.extension,
    command: [
      'pack',
      tree.outputs[0]!,
      '--quiet',
      '--format',
      format,
      '--output',
      image,
      ...argumentsOf(others, recipe, near),
      ...(isFirst ? argumentsOf(feedOptions, recipe, near) : []),
    ],
    inputs: pathsIn(imageOptions, recipe).map(near),
    outputs: [image],
    after: [tree.id],
  };
}

/** Systemd judges an image as a whole; a tree is audited only where no image can be read. */
function auditedPlace(images: readonly Job[], tree: Job): string {
  const readable = images.find(({ outputs: [image] }) => image!.endsWith('.raw'));
  return (readable ?? tree).outputs[0]!;
}

function tryJobs(
  tree: Job,
  { label, place, inputs, after }: Located & { readonly label: string },
  tests: readonly SmokeTest[],
): Job[] {
  return tests.flatMap(({ run, user = DEFAULT_USERS, status, prints }, i) =>
    user.map((who): Job => ({
      id: `${tree.extension!}/try.${i + 1}.${label}.${who}`,
      step: 'try',
      extension: tree.extension,
      command: [
        'try',
        tree.outputs[0]!,
        '--host',
        place,
        '--user',
        who,
        ...(status === undefined ? [] : ['--status', String(status)]),
        ...(prints === undefined ? [] : ['--prints', prints]),
        '--',
        'sh',
        '-ec',
        typeof run === 'string' ? run : run.join('\n'),
      ],
      inputs,
      outputs: [],
      after: [...new Set([tree.id, ...after])],
    })),
  );
}

/** Writes the values of a recipe as options of the command line. */
function argumentsOf(table: OptionTable, recipe: Recipe, near: (text: string) => string): string[] {
  return Object.entries<OptionRow>(table).flatMap(([key, { type, flags, negated }]) => {
    const value = recipe[key];
    const flag = /--[\w-]+/.exec(flags)![0];
    if (value === undefined || NOT_PASSED.has(key)) return [];
    if (type === 'switch')
      return value === true ? [flag] : negated === undefined ? [] : [flag.replace(/^--/, '--no-')];
    const texts = type === 'list' || type === 'paths' ? (value as readonly string[]) : [value as string];
    const isPath = type === 'path' || type === 'paths';
    return texts
      .map(text => (isPath ? near(text) : text))
      .flatMap(text => (text.startsWith('-') ? [`${flag}=${text}`] : [flag, text]));
  });
}

/** Returns the paths in a recipe that the jobs read. */
function pathsIn(table: OptionTable, recipe: Recipe): string[] {
  return Object.entries<OptionRow>(table).flatMap(([key, { type }]) => {
    const value = recipe[key];
    if (value === undefined || NOT_PASSED.has(key)) return [];
    return type === 'paths' ? (value as readonly string[]) : type === 'path' ? [value as string] : [];
  });
}

function without(table: OptionTable, other: OptionTable): OptionTable {
  return Object.fromEntries(Object.entries(table).filter(([key]) => !Object.hasOwn(other, key)));
}

/** Writes a place of a recipe as the plan names it: relative to its directory, if it is in there. */
function nearPlace(text: string, directory: string): string {
  const source = readSource(text);
  if (source)
    return 'place' in source && source.place !== '-'
      ? `${source.kind}:${nearPlace(text.slice(source.kind.length + 1), directory)}`
      : text;
  const relative = path.relative(directory, text);
  if (relative === '') return '.';
  return relative.startsWith('..') ? text : relative.startsWith('-') ? `./${relative}` : relative;
}

/** Returns the name of the extension: `name`, the first package, or that of the only path. Throws `FlixError` `no-name`. */
function nameOf(file: string, recipe: Recipe): string {
  const {
    name,
    package: packages,
    paths,
  } = recipe as {
    name?: string;
    package?: readonly string[];
    paths?: readonly string[];
  };
  if (name !== undefined) return name;
  if (packages?.[0] !== undefined) return packages[0].replace(/:.*/, '');
  if (paths?.length === 1) return basename(paths[0]!);
  throw badRecipe(
    file,
    'says neither "name" nor "package"',
    'Write "name": "NAME", the name of the extension.',
  );
}

function badRecipe(file: string, why: string, fix: string): FlixError {
  return new FlixError('input', 'bad-recipe', `${file} ${why}`, fix);
}

function expired(recipe: Recipe, today: string): string {
  const allow = (recipe['allow'] as readonly { readonly until: string }[] | undefined) ?? [];
  return `${allow.filter(({ until }) => until < today).length} allowances expired`;
}

/** Returns a text as a part of a file name. */
function slug(text: string): string {
  const name = readSource(text) && !text.includes('/') ? text : path.basename(text);
  return name.replaceAll(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'this-machine';
}
