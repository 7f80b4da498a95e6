import { dir } from 'tmp-promise';
import { describe, expect, it } from 'vitest';
import { resolve } from '../../src/resolve/resolve.ts';
import type { Closure } from '../../src/resolve/closure.ts';
import { directoryView } from '../../src/view/directory.ts';
import { basename } from '../../src/view/path.ts';
import { buildFixture, type Expectation, fixtureNames, readFixture, type Recipe } from '../lab/fixture.ts';
import { fetchLoaders, findLoader, glibcReleases, placeLoader } from '../lab/loaders.ts';
import { has } from '../lab/requires.ts';
import { listByLoader, type LoaderListing } from '../lab/loader-listing.ts';

/** Builds a recipe's root, with a real loader if it has to run or a stand-in if it is only read. */
async function withRoot<T>(
  recipe: Recipe,
  runnable: boolean,
  use: (root: string) => Promise<T> | T,
): Promise<T> {
  const { path: root, cleanup } = await dir({ prefix: 'flix-fixture-', unsafeCleanup: true });
  try {
    const { loader = 'glibc' } = recipe;
    placeLoader(root, loader, runnable && loader !== 'none' ? findLoader(loader) : undefined);
    buildFixture(root, recipe);
    return await use(root);
  } finally {
    await cleanup();
  }
}

function resolveFixture(root: string, recipe: Recipe): Closure {
  return resolve([directoryView(root)], recipe.entry ?? '/usr/bin/prog', {
    ...(recipe.libraryPath !== undefined && { libraryPath: [recipe.libraryPath] }),
    ...(recipe.preload !== undefined && { preload: recipe.preload.split(/[ :]/) }),
    ...(recipe.hwcaps !== undefined && { hwcaps: recipe.hwcaps }),
  });
}

/** Describes a closure in the format of an expectation. */
function summary(closure: Closure, expected: Expectation): Expectation {
  const { objects, entry, missing, skippedPreloads, fatal, versionProblems } = closure;
  const libs = objects.filter(object => object !== entry);
  const origins = Object.keys(expected.origins ?? {}).map(path => [
    path,
    libs.find(lib => lib.path === path)?.origin?.kind ?? 'none',
  ]);
  return {
    ...(expected.libs && { libs: libs.map(({ path }) => path) }),
    missing: [...new Set(missing.map(({ name }) => name))].sort(),
    skippedPreloads: skippedPreloads.map(({ name }) => name),
    ...((expected.fatal ?? fatal) && {
      fatal: { path: fatal?.path ?? 'none', says: expected.fatal?.says ?? fatal!.reason },
    }),
    versions: versionProblems.map(({ requester, file, version }) => `${requester.path} ${file} ${version}`),
    origins: Object.fromEntries(origins),
  };
}

const complete = (expected: Expectation): Expectation => ({
  ...expected,
  missing: [...(expected.missing ?? [])].sort(),
  skippedPreloads: expected.skippedPreloads ?? [],
  versions: expected.versions ?? [],
  origins: expected.origins ?? {},
});

/** Fatal messages about versions: a missing version that is not weak, or a Verneed whose file no object has as its name. */
const PROBLEM =
  /(?<!weak) version `.*' not found|DT_RELR without GLIBC_ABI_DT_RELR|Assertion `needed != NULL' failed/g;

/** Compares what is loaded with what a release of the loader lists; where both fail, the words may differ. */
async function compareWithRelease(recipe: Recipe): Promise<{ ours: unknown; told: unknown }> {
  return withRoot(recipe, true, async root => {
    const told = await listByLoader(root, recipe);
    const { objects, entry, missing, fatal, versionProblems } = resolveFixture(root, recipe);
    const fails = told.status !== 0 && told.missing.length === 0;
    if (fails) return { ours: fatal !== undefined || versionProblems.length > 0, told: true };
    return {
      ours: {
        // a listing begins after the program
        libs: objects.slice(objects.indexOf(entry) + 1).map(({ path }) => path),
        missing: [...new Set(missing.map(({ name }) => name))].sort(),
        fatal,
      },
      told: { libs: told.libs, missing: [...new Set(told.missing)].sort(), fatal: undefined },
    };
  });
}

/** Describes the loader's answer as far as an expectation goes. Some messages name a file by its path, others as it was requested. */
function testimony(told: LoaderListing, { fatal }: Expectation) {
  // a loader that crashes says nothing, and one that fails an assertion names no file
  const crashed = told.status > 128 && fatal?.says === 'crashes';
  const failed = told.complaint.startsWith('Inconsistency detected by ld.so');
  const isSaid = (word: string) =>
    crashed || told.complaint.includes(word) || (failed && word !== fatal?.says);
  const words = fatal && [fatal.says, basename(fatal.path)].filter(isSaid);
  return {
    libs: told.libs,
    missing: [...new Set(told.missing)].sort(),
    fatal: told.status === 0 ? undefined : words,
    problems: [...told.complaint.matchAll(PROBLEM)].length,
  };
}

await fetchLoaders();

for (const name of fixtureNames()) {
  const { recipe, expect: expected } = readFixture(name);
  const { loader = 'glibc' } = recipe;

  describe(`${name}: ${recipe.rule}`, () => {
    it.runIf(!recipe.unprivileged || has('user'))('flix resolves it as expected', async () => {
      const closure = await withRoot(recipe, false, root => resolveFixture(root, recipe));
      expect(summary(closure, expected)).toEqual(complete(expected));
    });

    if (loader === 'none' || recipe.untold !== undefined) return;
    const capabilities = recipe.kernel ? (['chroot', 'mountNamespace'] as const) : (['chroot'] as const);
    it.runIf(has(...capabilities, `loader:${loader}`))('the real loader agrees', async () => {
      const told = await withRoot(recipe, true, root => listByLoader(root, recipe));
      const listing = { ...complete(expected), ...recipe.listing };
      expect(testimony(told, expected)).toEqual({
        libs: expected.fatal ? told.libs : listing.libs,
        missing: listing.missing,
        fatal: expected.fatal && [expected.fatal.says, basename(expected.fatal.path)],
        problems: listing.versions?.length,
      });
    });
  });
}

describe('every release of glibc loads what flix says, from every root', () => {
  for (const name of fixtureNames()) {
    const { recipe } = readFixture(name);
    const { loader = 'glibc' } = recipe;
    const isAsked =
      glibcReleases.some(release => release === loader) && !recipe.listing?.missing && !recipe.untold;
    if (!isAsked || recipe.unprivileged) continue;
    const capabilities = recipe.kernel ? (['chroot', 'mountNamespace'] as const) : (['chroot'] as const);
    for (const release of glibcReleases.filter(other => other !== loader))
      it.runIf(has(...capabilities, `loader:${release}`))(`${name}, ${release}`, async () => {
        const { ours, told } = await compareWithRelease({ ...recipe, loader: release });
        expect(ours).toEqual(told);
      });
  }
});
