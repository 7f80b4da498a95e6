import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Job } from '../build/job.ts';
import { type Format, formats, suffixes } from '../pack/format.ts';
import { isDistribution, readSource } from '../stage/source.ts';
import { systemdSpelling } from '../systemd/architecture.ts';
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
import { argumentsOf, nearPlace, pathsIn, without } from './recipe-arguments.ts';
import type { SmokeTest } from './recipe-keys.ts';

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
  /** Such as `2027-03-31`. An allowance whose last day is earlier has expired. */
  readonly today: string;
}

/** Staged into each distribution that serves as a host: systemd decides whether an extension is merged. */
const HOST_PACKAGES = ['systemd'];
/** The users as whom a smoke test runs: root, and an ordinary user. */
const DEFAULT_USERS = ['root', '1000'];
/** The inputs of a job that reads `/`, which as a whole is too large to read and changes all the time. */
const PACKAGE_DATABASES = [
  '/var/lib/dpkg/status',
  '/lib/apk/db/installed',
  '/var/lib/pacman/local',
  '/var/lib/rpm',
];

/** An extension for one architecture, as a recipe describes it. */
export interface RecipeExtension {
  readonly file: string;
  readonly recipe: Recipe;
  /** The root or source of its programs, as the recipe spells it. */
  readonly root: string;
  readonly name: string;
  /** The name, followed by what distinguishes it from other extensions of the recipe: `app/arm64`. */
  readonly id: string;
  /** As the recipe spells it; `undefined`: that of the machine. */
  readonly architecture: string | undefined;
  readonly tests: readonly SmokeTest[];
}

/** An extension, with its paths in the plan. */
interface PlannedExtension extends RecipeExtension {
  /** The directory for its tree, images and reports. */
  readonly place: string;
  /** Makes a path of the recipe relative to the directory of the plan. */
  readonly near: (text: string) => string;
}

/**
 * Returns the jobs that make an extension: they stage its roots and hosts, vendor a tree, pack its images, audit the first, and
 * run the smoke tests over each host.
 */
export function extensionJobs(described: RecipeExtension, options: PlanOptions): Job[] {
  const { recipe, architecture, tests } = described;
  const extension: PlannedExtension = {
    ...described,
    place: `${options.out}/${described.id}`,
    near: text => nearPlace(text, options.directory),
  };
  const roots = new Roots(extension, options);
  const sources = sourcesOf(extension, roots);
  const tree = vendorJob(extension, sources);
  const images = formatsOf(recipe).map((format, i) => packJob(extension, tree, format, i === 0));
  const hosts = hostsOf(extension, roots);
  const audit = auditJob(extension, auditedPlace(images, tree), images, hosts, options.today);
  const isNative = architecture === undefined || systemdSpelling(architecture) === options.native;
  const tried = hosts.filter(({ given }) => options.tests && isNative && options.canRunOver(given));
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
interface PlannedRoot {
  /** Its path, relative to the directory of the plan. */
  readonly place: string;
  readonly inputs: readonly string[];
  readonly after: readonly string[];
}

/** A root over which an extension is audited and tried. */
interface PlannedHost extends PlannedRoot {
  /** As the recipe spells it; a path is relative to the directory of the plan. */
  readonly given: string;
  /** Its name in the ids of jobs. */
  readonly label: string;
}

/** Finds the roots of an extension, and collects the jobs that stage them. */
class Roots {
  readonly stagings: Job[] = [];
  readonly #extension: PlannedExtension;
  readonly #options: PlanOptions;

  constructor(extension: PlannedExtension, options: PlanOptions) {
    this.#extension = extension;
    this.#options = options;
  }

  at(given: string, stage: Recipe): PlannedRoot {
    const { near, architecture } = this.#extension;
    const place = near(given);
    const job = stageJob(place, stage, architecture, this.#options);
    if (!job) return { place, inputs: given === '/' ? PACKAGE_DATABASES : [place], after: [] };
    this.stagings.push(job);
    return { place: job.outputs[0]!, inputs: [], after: [job.id] };
  }

  host(given: string): PlannedRoot {
    return this.at(given, { include: HOST_PACKAGES });
  }
}

/** The roots that `flix vendor` reads. */
interface Sources {
  readonly root: PlannedRoot;
  readonly staging: readonly PlannedRoot[];
  readonly boundTo: readonly PlannedRoot[];
}

function sourcesOf({ recipe, root }: PlannedExtension, roots: Roots): Sources {
  const stage = (recipe['stage'] as Recipe | undefined) ?? {};
  const include = [...listIn(stage, 'include'), ...listIn(recipe, 'package')];
  return {
    root: roots.at(root, { ...stage, include }),
    boundTo: listIn(recipe, 'host').map(host => roots.host(host)),
    staging: listIn(recipe, 'staging').map(each => roots.at(each, {})),
  };
}

function hostsOf({ recipe, near }: PlannedExtension, roots: Roots): PlannedHost[] {
  const hosts = listIn(recipe, 'hosts');
  const labels = labelsOf(hosts.map(near));
  return hosts.map((host, i): PlannedHost => {
    const { place, inputs, after } = roots.host(host);
    return { place, inputs, after, given: near(host), label: labels[i]! };
  });
}

function vendorJob(
  { recipe, name, id, place, near }: PlannedExtension,
  { root, staging, boundTo }: Sources,
): Job {
  const all = [root, ...staging, ...boundTo];
  return {
    id: `${id}/vendor`,
    step: 'vendor',
    extension: id,
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
  { file, recipe, id, place, near }: PlannedExtension,
  audited: string,
  images: readonly Job[],
  hosts: readonly PlannedRoot[],
  today: string,
): Job {
  const policy = near(path.resolve(file));
  return {
    id: `${id}/audit`,
    step: 'audit',
    extension: id,
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
    after: [...new Set([...images.map(image => image.id), ...hosts.flatMap(({ after }) => after)])],
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
  { recipe, name, id, place, near }: PlannedExtension,
  tree: Job,
  format: Format,
  isFirst: boolean,
): Job {
  const image = `${place}/${format}/${name}${suffixes[format]}`;
  const { format: _, ...others } = imageOptions;
  return {
    id: `${id}/pack.${format}`,
    step: 'pack',
    extension: id,
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

/**
 * Returns the path of the first image that can be audited, because systemd judges images as a whole; without one, that of the
 * tree.
 */
function auditedPlace(images: readonly Job[], tree: Job): string {
  const readable = images.find(({ outputs: [image] }) => image!.endsWith('.raw'));
  return (readable ?? tree).outputs[0]!;
}

/** Returns the shell script of a smoke test. */
export function scriptOf({ run }: SmokeTest): string {
  return typeof run === 'string' ? run : run.join('\n');
}

/**
 * Returns the jobs that run smoke tests over a host, one for each test and user.
 *
 * @param staging the roots of the extension; they may have what a test does not find on the host
 */
function tryJobs(
  tree: Job,
  host: PlannedHost,
  staging: readonly PlannedRoot[],
  tests: readonly SmokeTest[],
): Job[] {
  const roots = [host, ...staging];
  return tests.flatMap((test, i) => {
    const { user = DEFAULT_USERS, status, prints } = test;
    return user.map((who): Job => ({
      id: `${tree.extension!}/try.${i + 1}.${host.label}.${who}`,
      step: 'try',
      extension: tree.extension,
      command: [
        'try',
        tree.outputs[0]!,
        '--host',
        host.place,
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

/** Returns a text that changes when an allowance of a recipe expires, so that the audit runs again. */
function expiredAllowances(recipe: Recipe, today: string): string {
  const allow = (recipe['allow'] as readonly { readonly until: string }[] | undefined) ?? [];
  return `${allow.filter(({ until }) => until < today).length} allowances expired`;
}

/** Returns a different name for each place, fit to be part of a file name. */
export function labelsOf(places: readonly string[]): string[] {
  const slugs = places.map(slug);
  const labels: string[] = [];
  for (const [i, each] of slugs.entries()) {
    let label = each;
    for (let number = i + 1; labels.includes(label) || (label !== each && slugs.includes(label)); number++)
      label = `${each}.${number}`;
    labels.push(label);
  }
  return labels;
}

/** Returns a name for a root, fit to be part of a file name: `debian-bookworm` for a source, the last component of a path. */
function slug(place: string): string {
  const name = readSource(place) && !place.includes('/') ? place : path.basename(place);
  return name.replaceAll(/[^\w.-]+/g, '-').replace(/^[.-]+/, '') || 'this-machine';
}
