import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Job } from '../build/job.ts';
import { FlixError } from '../errors.ts';
import { checkVersion } from '../pack/describe.ts';
import { urlOfFeed } from '../pack/feed/feed.ts';
import { checkFeedName } from '../pack/feed/names.ts';
import { type Format, formats, suffixes } from '../pack/format.ts';
import { isDistribution, readSource } from '../stage/source.ts';
import { systemdSpelling } from '../systemd/architecture.ts';
import { checkImageName } from '../systemd/image-name.ts';
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
import type { Recipe } from './options.ts';
import { feedRequestOf } from './pack.ts';
import { argumentsOf, nearPlace, pathsIn, without } from './recipe-arguments.ts';
import type { SmokeTest } from './recipe-keys.ts';

/** A recipe, and the file from which it was read. */
export interface PlannedRecipe {
  readonly file: string;
  readonly recipe: Recipe;
}

/** What the user and the machine decide about a plan. */
export interface PlanOptions {
  /** The directory below which everything is made, relative to `directory`. */
  readonly out: string;
  /** Paths of the plan are relative to it. */
  readonly directory: string;
  /** The architecture of the machines that run the jobs, as systemd spells it: smoke tests of others are left out. */
  readonly native: string | undefined;
  /** Whether a command can run over a host: false for a profile, which has no files. */
  readonly canRunOver: (host: string) => boolean;
  /** Whether to run the smoke tests. */
  readonly tests: boolean;
  /** Such as `2027-03-31`. Findings that were allowed until an earlier day count. */
  readonly today: string;
}

/** A distribution that serves as a host gets systemd, which decides whether an extension is merged. */
const HOST_PACKAGES = ['systemd'];
/** Root, and an ordinary user. */
const DEFAULT_USERS = ['root', '1000'];
/** Inputs that stand for `/`, which is too large to read and changes all the time. */
const PACKAGE_DATABASES = [
  '/var/lib/dpkg/status',
  '/lib/apk/db/installed',
  '/var/lib/pacman/local',
  '/var/lib/rpm',
];
/**
 * Returns the jobs of recipes. A root that several of them use is staged once, and a recipe that is named twice is built once.
 * Throws `FlixError`: `bad-recipe`, and `same-output` if two recipes make the same extension.
 */
export function jobsOf(recipes: readonly PlannedRecipe[], options: PlanOptions): Job[] {
  const makers = new Map<string, string>();
  const jobs = recipes.flatMap(({ file, recipe }) => {
    const named = recipe['architectures'] as readonly string[] | undefined;
    const own = perHost(file, recipe, options.directory).flatMap(({ suffix, recipe: each }) =>
      named
        ? named.flatMap(architecture =>
            variantJobs(file, each, architecture, `/${architecture}${suffix}`, options),
          )
        : variantJobs(file, each, each['arch'] as string | undefined, suffix, options),
    );
    for (const { extension } of own) {
      if (extension === undefined) continue;
      const other = makers.get(extension) ?? file;
      if (path.resolve(other) !== path.resolve(file)) throw sameExtension(extension, other, file);
      makers.set(extension, file);
    }
    return own;
  });
  return [...new Map(jobs.map(job => [job.id, job])).values()];
}

/**
 * Divides a recipe with `perHost` into one for each of its hosts, over which alone its tree is audited and tested. “flix vendor
 * --per-host” makes one tree for all if that is hardly larger, but a plan says which files there will be before a root is
 * read. Throws `FlixError` `bad-recipe`.
 */
function perHost(
  file: string,
  recipe: Recipe,
  directory: string,
): readonly { readonly suffix: string; readonly recipe: Recipe }[] {
  if (recipe['perHost'] === undefined) return [{ suffix: '', recipe }];
  const hosts = (recipe['host'] as readonly string[] | undefined) ?? [];
  if (hosts.length === 0)
    throw badRecipe(
      `${file} has "perHost", but no "host"`,
      'Write "host": ["debian:bookworm", "debian:trixie"], with a host of each release.',
    );
  const labels = labelsOf(hosts.map(host => nearPlace(host, directory)));
  return hosts.map((host, i) => ({
    suffix: `/${labels[i]!}`,
    recipe: { ...recipe, host: [host], hosts: [host] },
  }));
}

/** Returns a different name for each place, which can be a part of a file name. */
function labelsOf(places: readonly string[]): string[] {
  const slugs = places.map(slug);
  return slugs.map((each, i) => (slugs.indexOf(each) === i ? each : `${each}.${i + 1}`));
}

/** An extension for one architecture, as a recipe describes it. */
interface Variant {
  readonly file: string;
  readonly recipe: Recipe;
  readonly name: string;
  /** The name, with what tells it from the others of the recipe. */
  readonly extension: string;
  /** The directory for what is made of it. */
  readonly place: string;
  /** As the recipe spells it; `undefined`: that of the machine. */
  readonly architecture: string | undefined;
  /** Makes a path of the recipe relative to the directory of the plan. */
  readonly near: (text: string) => string;
}

/** Returns the jobs that make the extension for one architecture. @param suffix appended to its name in ids and places */
function variantJobs(
  file: string,
  recipe: Recipe,
  architecture: string | undefined,
  suffix: string,
  options: PlanOptions,
): Job[] {
  const name = nameOf(file, recipe);
  const spelled = architecture === undefined ? options.native : systemdSpelling(architecture);
  if (architecture !== undefined && (spelled === undefined || architecture.includes('/')))
    throw badRecipe(
      `${file}: ${JSON.stringify(architecture)} is not an architecture`,
      'For example: x86-64, arm64',
    );
  const extension = `${name}${suffix}`;
  const place = `${options.out}/${extension}`;
  const near = (text: string) => nearPlace(text, options.directory);
  const variant: Variant = { file, recipe, name, extension, place, architecture, near };
  const roots = new Roots(variant, options);
  const sources = sourcesOf(variant, roots);
  const tree = vendorJob(variant, sources);
  const images = formatsOf(recipe).map((format, i) => packJob(variant, tree, format, i === 0));
  const labels = labelsOf(listIn(recipe, 'hosts').map(near));
  const hosts = listIn(recipe, 'hosts').map((host, i): Host => ({
    given: near(host),
    label: labels[i]!,
    located: roots.host(host),
  }));
  const audit = auditJob(
    variant,
    auditedPlace(images, tree),
    images,
    hosts.map(({ located }) => located),
    options.today,
  );
  checkPublication(file, name, recipe);
  const tests = (recipe['tests'] as SmokeTest[] | undefined) ?? [];
  for (const [i, test] of tests.entries()) checkTest(file, `tests[${i}]`, test);
  const tried = hosts.filter(
    ({ given }) => options.tests && spelled === options.native && options.canRunOver(given),
  );
  const staging = [sources.root, ...sources.staging];
  const tries = tried.flatMap(host => tryJobs(tree, host, staging, tests));
  return [...roots.stagings, tree, ...images, audit, ...tries];
}

function listIn(recipe: Recipe, key: string): readonly string[] {
  return (recipe[key] as readonly string[] | undefined) ?? [];
}

function formatsOf(recipe: Recipe): readonly Format[] {
  const chosen = listIn(recipe, 'formats') as readonly Format[];
  return chosen.length > 0 ? chosen : [(recipe['format'] as Format | undefined) ?? formats[0]];
}

/** A root, and what a job that reads it depends on. */
interface Located {
  readonly place: string;
  readonly inputs: readonly string[];
  readonly after: readonly string[];
}

/** A root over which an extension is audited and tried. */
interface Host {
  readonly given: string;
  /** Its name in the ids of jobs. */
  readonly label: string;
  readonly located: Located;
}

/** Finds the roots of a variant, and collects the jobs that stage them. */
class Roots {
  readonly stagings: Job[] = [];
  readonly #variant: Variant;
  readonly #options: PlanOptions;

  constructor(variant: Variant, options: PlanOptions) {
    this.#variant = variant;
    this.#options = options;
  }

  at(given: string, stage: Recipe): Located {
    const { near, architecture } = this.#variant;
    const place = near(given);
    const job = stageJob(place, stage, architecture, this.#options);
    if (!job) return { place, inputs: given === '/' ? PACKAGE_DATABASES : [place], after: [] };
    this.stagings.push(job);
    return { place: job.outputs[0]!, inputs: [], after: [job.id] };
  }

  host(given: string): Located {
    return this.at(given, { include: HOST_PACKAGES });
  }
}

/** The roots that `flix vendor` reads. */
interface Sources {
  readonly root: Located;
  readonly staging: readonly Located[];
  readonly boundTo: readonly Located[];
}

function sourcesOf({ file, recipe }: Variant, roots: Roots): Sources {
  const { root: given } = recipe;
  if (typeof given !== 'string')
    throw badRecipe(`${file} has no "root"`, 'Write "root": "debian:bookworm", or the path of a root.');
  const stage = (recipe['stage'] as Recipe | undefined) ?? {};
  const include = [...listIn(stage, 'include'), ...listIn(recipe, 'package')];
  return {
    root: roots.at(given, { ...stage, include }),
    boundTo: listIn(recipe, 'host').map(host => roots.host(host)),
    staging: listIn(recipe, 'staging').map(each => roots.at(each, {})),
  };
}

function vendorJob(
  { recipe, name, extension, place, near }: Variant,
  { root, staging, boundTo }: Sources,
): Job {
  const all = [root, ...staging, ...boundTo];
  return {
    id: `${extension}/vendor`,
    step: 'vendor',
    extension,
    command: [
      'vendor',
      root.place,
      ...listIn(recipe, 'paths').map(text => (text.startsWith('-') ? `./${text}` : text)),
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
      ...all.flatMap(({ inputs }) => inputs),
      ...pathsIn(without(recipeOptions, imageOptions), recipe).map(near),
    ],
    outputs: [`${place}/tree`, `${place}/${name}.proof.json`],
    after: all.flatMap(({ after }) => after),
  };
}

function auditJob(
  { file, recipe, extension, place, near }: Variant,
  audited: string,
  images: readonly Job[],
  hosts: readonly Located[],
  today: string,
): Job {
  const policy = near(path.resolve(file));
  return {
    id: `${extension}/audit`,
    step: 'audit',
    extension,
    command: [
      'audit',
      audited,
      '--quiet',
      '--json',
      '--policy',
      policy,
      ...hosts.flatMap(({ place: at }) => ['--host', at]),
      ...argumentsOf(failOnOption, recipe, near),
    ],
    stdout: `${place}/audit.json`,
    inputs: [policy, ...hosts.flatMap(({ inputs }) => inputs)],
    outputs: [`${place}/audit.json`],
    after: [...new Set([...images.map(({ id }) => id), ...hosts.flatMap(({ after }) => after)])],
    salt: expiredAllowances(recipe, today),
  };
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
  const options = [
    ...(isDistribution(source)
      ? argumentsOf(distributionOptions, stage, text => nearPlace(text, directory))
      : []),
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

/** Returns the job that makes an image. The first image of a recipe also goes into its feed. */
function packJob(
  { recipe, name, extension, place, near }: Variant,
  tree: Job,
  format: Format,
  isFirst: boolean,
): Job {
  const image = `${place}/${format}/${name}${suffixes[format]}`;
  const { format: _, ...others } = imageOptions;
  return {
    id: `${extension}/pack.${format}`,
    step: 'pack',
    extension,
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

/** Returns the first image that can be audited, because systemd judges images as a whole; without one, the tree. */
function auditedPlace(images: readonly Job[], tree: Job): string {
  const readable = images.find(({ outputs: [image] }) => image!.endsWith('.raw'));
  return (readable ?? tree).outputs[0]!;
}

/** The longest argument of a program in bytes, without its end (Linux, MAX_ARG_STRLEN). */
const MAX_ARGUMENT = 128 * 1024 - 1;

function scriptOf({ run }: SmokeTest): string {
  return typeof run === 'string' ? run : run.join('\n');
}

/** Refuses what `flix try` would refuse once everything is built. Throws `FlixError` `bad-recipe`. */
function checkTest(file: string, place: string, test: SmokeTest): void {
  const { status = 0, prints = '' } = test;
  if (Buffer.byteLength(scriptOf(test)) > MAX_ARGUMENT)
    throw badRecipe(
      `${file}: ${place}.run is longer than ${MAX_ARGUMENT} bytes`,
      'Put the script into a file, bring that with "overlay", and run it.',
    );
  if (status < 0 || status > 255)
    throw badRecipe(
      `${file}: ${place}.status is ${status}, not an exit status`,
      'Write a number from 0 to 255.',
    );
  try {
    RegExp(prints, 'm');
  } catch (error) {
    throw badRecipe(
      `${file}: ${place}.prints: ${(error as Error).message}`,
      String.raw`Write two backslashes before a character that stands for itself, such as "\\(".`,
    );
  }
}

/** Refuses a version and a feed that `flix pack` would refuse once the tree is made. Throws `FlixError` `bad-recipe`. */
function checkPublication(file: string, name: string, recipe: Recipe): void {
  const { version } = recipe as { version?: string };
  try {
    if (version !== undefined) checkVersion(version);
    const feed = feedRequestOf(recipe);
    if (!feed) return;
    checkFeedName(name);
    urlOfFeed(feed, name);
  } catch (error) {
    if (!(error instanceof FlixError)) throw error;
    const { message, code, fix } = error;
    throw badRecipe(`${file}: ${message}`, PUBLICATION_FIXES[code] ?? fix!);
  }
}

/** What to write into a recipe, where the fix of `flix pack` names an option. */
const PUBLICATION_FIXES: Readonly<Record<string, string>> = {
  'no-version': 'Write "version": "1.0".',
  'no-feed-url': 'Write "feedUrl": "https://…", the URL of the directory on the web server.',
  'bad-name': 'Write another "name".',
};

/**
 * Returns the jobs that run smoke tests over a host, one for each test and user.
 *
 * @param staging the roots that may have what a test does not find
 */
function tryJobs(
  tree: Job,
  { label, located }: Host,
  staging: readonly Located[],
  tests: readonly SmokeTest[],
): Job[] {
  const roots = [located, ...staging];
  return tests.flatMap((test, i) => {
    const { user = DEFAULT_USERS, status, prints } = test;
    return user.map((who): Job => ({
      id: `${tree.extension!}/try.${i + 1}.${label}.${who}`,
      step: 'try',
      extension: tree.extension,
      command: [
        'try',
        tree.outputs[0]!,
        '--host',
        located.place,
        ...staging.flatMap(({ place: at }) => ['--staging', at]),
        '--user',
        who,
        ...(status === undefined ? [] : ['--status', String(status)]),
        ...(prints === undefined ? [] : ['--prints', prints]),
        '--',
        'sh',
        '-ec',
        scriptOf(test),
      ],
      inputs: [...new Set(roots.flatMap(({ inputs }) => inputs))],
      outputs: [],
      after: [...new Set([tree.id, ...roots.flatMap(({ after }) => after)])],
    }));
  });
}

/**
 * Returns the name of the extension: `name`, the first package, or that of the only path. Places are made of it, so one that
 * leads elsewhere is refused. Throws `FlixError` `bad-recipe`.
 */
function nameOf(file: string, recipe: Recipe): string {
  const name = givenName(file, recipe);
  try {
    checkImageName(name);
  } catch (error) {
    throw badRecipe(`${file}: ${(error as FlixError).message}`, 'Write another "name".');
  }
  return name;
}

function givenName(file: string, recipe: Recipe): string {
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
    `${file} has neither "name" nor "package"`,
    'Write "name": "NAME", the name of the extension.',
  );
}

function badRecipe(message: string, fix: string): FlixError {
  return new FlixError('input', 'bad-recipe', message, fix);
}

function sameExtension(extension: string, one: string, other: string): FlixError {
  return new FlixError(
    'input',
    'same-output',
    `${one} and ${other} both make the extension ${extension}`,
    'Write another "name" into one of them, or build them with different --out.',
  );
}

/** Counts the allowances of a recipe that no longer apply, so that the audit runs again when one expires. */
function expiredAllowances(recipe: Recipe, today: string): string {
  const allow = (recipe['allow'] as readonly { readonly until: string }[] | undefined) ?? [];
  return `${allow.filter(({ until }) => until < today).length} allowances expired`;
}

/** Returns a name for a root that can be a part of a file name: `debian-bookworm` for a source, its last part for a path. */
function slug(place: string): string {
  const name = readSource(place) && !place.includes('/') ? place : path.basename(place);
  return name.replaceAll(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'this-machine';
}
