import { readListing, runInRoot } from './run-in-root.ts';
import type { LoaderName, Recipe } from './fixture.ts';
import { findLoader, loaderPath } from './loaders.ts';
import { runner } from './runner.ts';

/** What the real loader lists for a fixture's program. */
export interface LoaderListing {
  /** Paths in load order, without the loader. */
  readonly libs: readonly string[];
  readonly missing: readonly string[];
  /** Its standard error. */
  readonly complaint: string;
  readonly status: number;
}

const NOBODY = 65534;

/** Has the loader of a fixture's root list the fixture's program, in a chroot. Needs root. */
export async function listByLoader(root: string, recipe: Recipe): Promise<LoaderListing> {
  const name = recipe.loader ?? 'glibc';
  if (name === 'none') throw new Error(`${recipe.rule}: this fixture has no loader`);
  const loader = loaderPath(name);
  const environment: Record<string, string> = { LD_TRACE_LOADED_OBJECTS: '1' };
  if (recipe.libraryPath !== undefined) environment['LD_LIBRARY_PATH'] = recipe.libraryPath;
  if (recipe.preload !== undefined) environment['LD_PRELOAD'] = recipe.preload;
  const [answer] = await runInRoot({
    root,
    command: recipe.kernel ? ['-'] : [loader, ...listingOptions(name, recipe)],
    paths: [recipe.entry ?? '/usr/bin/prog'],
    environment,
    uid: recipe.unprivileged ? NOBODY : 0,
    proc: recipe.kernel ?? false,
    emulator: runner(findLoader(name)!)?.emulator,
  });
  const { stdout, stderr, status } = answer!;
  const listed = readListing(stdout);
  const muslMissing = [...stderr.matchAll(/^Error loading shared library (.*): .* \(needed by /gm)].map(
    ([, missing]) => missing!,
  );
  return {
    libs: listed.flatMap(({ path }) => (path === undefined || path === loader ? [] : [path])),
    missing: [
      ...listed.filter(({ path }) => path === undefined).map(missing => missing.name),
      ...muslMissing,
    ],
    complaint: stderr,
    status,
  };
}

function listingOptions(name: LoaderName, { hwcaps }: Recipe): readonly string[] {
  if (name === 'musl') return ['--list'];
  // added in 2.33 together with glibc-hwcaps
  return name === 'glibc-2.31' ? [] : ['--glibc-hwcaps-mask', hwcapsMask(hwcaps)];
}

const LEVELS = ['x86-64-v2', 'x86-64-v3', 'x86-64-v4'];

/** The glibc-hwcaps subdirectories up to a level, or for no level a name that does not exist. */
function hwcapsMask(level: string | undefined): string {
  return level === undefined ? 'none' : LEVELS.slice(0, LEVELS.indexOf(level) + 1).join(':');
}
