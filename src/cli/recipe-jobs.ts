import path from 'node:path';
import type { Job } from '../build/job.ts';
import { FlixError } from '../errors.ts';
import { checkVersion } from '../pack/describe.ts';
import { urlOfFeed } from '../pack/feed/feed.ts';
import { checkFeedName } from '../pack/feed/names.ts';
import { systemdSpelling } from '../systemd/architecture.ts';
import { checkImageName } from '../systemd/image-name.ts';
import { basename } from '../view/path.ts';
import {
  extensionJobs,
  labelsOf,
  type PlanOptions,
  type RecipeExtension,
  scriptOf,
} from './extension-jobs.ts';
import type { Recipe } from './options.ts';
import { feedRequestOf } from './pack.ts';
import { nearPlace } from './recipe-arguments.ts';
import type { SmokeTest } from './recipe-keys.ts';

/** A recipe, and the file from which it was read. */
export interface PlannedRecipe {
  readonly file: string;
  readonly recipe: Recipe;
}

/**
 * Returns the jobs of recipes. A root that several of them use is staged once, and a recipe that is named twice is built once.
 * Throws `FlixError`: `bad-recipe`, and `same-output` if two recipes make the same extension.
 */
export function jobsOf(recipes: readonly PlannedRecipe[], options: PlanOptions): Job[] {
  const makers = new Map<string, string>();
  const jobs = recipes.flatMap(({ file, recipe }) => {
    const architectures = recipe['architectures'] as readonly string[] | undefined;
    const extensions = perHost(file, recipe, options.directory).flatMap(({ suffix, recipe: each }) =>
      architectures
        ? architectures.map(architecture =>
            extensionOf(file, each, architecture, `/${architecture}${suffix}`),
          )
        : extensionOf(file, each, each['arch'] as string | undefined, suffix),
    );
    for (const { id } of extensions) {
      const other = makers.get(id) ?? file;
      if (path.resolve(other) !== path.resolve(file)) throw sameExtension(id, other, file);
      makers.set(id, file);
    }
    return extensions.flatMap(extension => extensionJobs(extension, options));
  });
  return [...new Map(jobs.map(job => [job.id, job])).values()];
}

/**
 * Divides a recipe with `perHost` into one for each of its hosts; its tree is audited and tested over this host only. “flix
 * vendor --per-host” makes one tree for all hosts if it is hardly larger, but a plan names its files before any root is read.
 * Throws `FlixError` `bad-recipe`.
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

/**
 * Reads what a recipe says of the extension for one architecture, and refuses what a command would refuse only after others
 * have run. Throws `FlixError` `bad-recipe`.
 *
 * @param architecture as the recipe spells it; `undefined`: that of the machine
 * @param suffix appended to the name of the extension, to tell apart the extensions of one recipe
 */
function extensionOf(
  file: string,
  recipe: Recipe,
  architecture: string | undefined,
  suffix: string,
): RecipeExtension {
  const name = nameOf(file, recipe);
  if (
    architecture !== undefined &&
    (systemdSpelling(architecture) === undefined || architecture.includes('/'))
  )
    throw badRecipe(
      `${file}: ${JSON.stringify(architecture)} is not an architecture`,
      'For example: x86-64, arm64',
    );
  const { root } = recipe;
  if (typeof root !== 'string')
    throw badRecipe(`${file} has no "root"`, 'Write "root": "debian:bookworm", or the path of a root.');
  checkPublication(file, name, recipe);
  const tests = (recipe['tests'] as readonly SmokeTest[] | undefined) ?? [];
  for (const [i, test] of tests.entries()) checkTest(file, `tests[${i}]`, test);
  return { file, recipe, root, name, id: `${name}${suffix}`, architecture, tests };
}

/** The longest argument of a program in bytes, without its terminating null byte (Linux, MAX_ARG_STRLEN). */
const MAX_ARGUMENT = 128 * 1024 - 1;

/** Refuses a smoke test that `flix try` would refuse after everything is built. Throws `FlixError` `bad-recipe`. */
function checkTest(file: string, place: string, test: SmokeTest): void {
  const { status = 0, prints = '' } = test;
  if (Buffer.byteLength(scriptOf(test)) > MAX_ARGUMENT)
    throw badRecipe(
      `${file}: ${place}.run is longer than ${MAX_ARGUMENT} bytes`,
      'Put the script into a file, add this file with "overlay", and run it.',
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

/** Refuses a version or a feed that `flix pack` would refuse after the tree is made. Throws `FlixError` `bad-recipe`. */
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

/** Fixes for a recipe, by the code of an error whose own fix names an option of `flix pack`. */
const PUBLICATION_FIXES: Readonly<Record<string, string>> = {
  'no-version': 'Write "version": "1.0".',
  'no-feed-url': 'Write "feedUrl": "https://…", the URL of the directory on the web server.',
  'bad-name': 'Write another "name".',
};

/**
 * Returns the name of the extension: `name`, the first package, or the last component of the only path. It becomes part of
 * paths, so a name that leads elsewhere is refused. Throws `FlixError` `bad-recipe`.
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
