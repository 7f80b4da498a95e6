import { FlixError } from '../errors.ts';
import { expectedOf, treeResolver } from '../plan/expected.ts';
import type { ExpectedClosure, Plan } from '../plan/plan.ts';
import { follow } from '../view/follow.ts';
import type { Remark } from '../manifest/manifest.ts';
import type { View } from '../view/view.ts';
import { type Listing, type LoaderRoot, listObjects, NotRunnable, Refusal, wayOut } from './loader-list.ts';

/** How the closures of a finished tree were proved. */
export interface ClosureProof {
  /** Objects whose closure the private loader itself listed. */
  readonly listed: number;
  /** Objects whose closure flix resolved again in the finished tree, because the loader did not list all of it. */
  readonly resolved: number;
  /** Why the loader was not run; `undefined` if it was. */
  readonly notRun: string | undefined;
  /** Optional objects that the loader refuses, although its rules allow them. */
  readonly refused: readonly Remark[];
}

const loaderDiffers =
  'Nothing was published. The loader does not follow the rules of its libc: compare it with its package (dpkg --verify, rpm -V). To publish the tree without asking its loader, use --no-run.';

/** How many confinements run at once. */
const AT_ONCE = 4;
/** How many objects the loader lists in one confinement. */
const BATCH = 16;
const LOADER = 'its loader';

/**
 * Checks that every object of the tree loads the planned files and nothing else. The private loader lists them; where it
 * cannot, flix resolves them again in the finished tree. Throws `FlixError` `closure-differs` for the first that differs.
 *
 * The loader runs once for each object, also if hundreds have the same closure, as the modules of gconv have: `--list` takes
 * one object, and only when the loader maps an object does it show whether it accepts that file.
 *
 * @param run whether the loader may be run (not with `--no-run`)
 */
export async function proveClosures(
  { loader, expected }: Pick<Plan, 'loader' | 'expected'>,
  tree: View,
  root: LoaderRoot,
  run: boolean,
): Promise<ClosureProof> {
  if (loader === undefined) return { listed: 0, resolved: 0, notRun: undefined, refused: [] };
  const listable = expected.filter(({ unlisted }) => !unlisted);
  const refused = new Map<ExpectedClosure, Remark>();
  const notRun = run ? await ask(loader, listable, tree, root, refused) : '--no-run was given';
  // `--list` stops at the first missing library
  const isListed = (closure: ExpectedClosure) =>
    !closure.unlisted && closure.lacks.length === 0 && !refused.has(closure);
  const again = notRun === undefined ? expected.filter(closure => !isListed(closure)) : expected;
  resolveAgain(again, tree, loader);
  return {
    listed: notRun === undefined ? listable.length - refused.size : 0,
    resolved: again.length,
    notRun,
    refused: expected.flatMap(closure => refused.get(closure) ?? []),
  };
}

/**
 * @param refused receives the optional objects that the loader refuses although its rules allow them
 * @returns why the loader cannot be run; `undefined` if it was run and agrees
 */
async function ask(
  loader: string,
  all: readonly ExpectedClosure[],
  tree: View,
  root: LoaderRoot,
  refused: Map<ExpectedClosure, Remark>,
): Promise<string | undefined> {
  const batches = Array.from({ length: Math.ceil(all.length / BATCH) }, (_, at) =>
    all.slice(at * BATCH, (at + 1) * BATCH),
  );
  const self = follow(tree, loader).path;
  const check = (expected: ExpectedClosure, listing: Listing | Refusal) => {
    if (listing instanceof Refusal) {
      refused.set(expected, remarkOf(expected, listing));
      return;
    }
    const own = fileId(tree, expected.object);
    // an object that needs its own name is listed, too: for the loader, the object that it lists has no identity
    const isOther = (path: string) => path !== self && (own === undefined || fileId(tree, path) !== own);
    const loads = listing.loads.map(path => follow(tree, withoutLevel(path)).path ?? path).filter(isOther);
    compare(expected, { ...listing, loads }, LOADER);
  };
  const askNext = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const objects = batch.map(({ object }) => object);
      const listings = await listObjects(root, loader, objects);
      batch.forEach((expected, at) => check(expected, listings[at]!));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, askNext));
    return undefined;
  } catch (error) {
    if (error instanceof NotRunnable) return error.message;
    throw error;
  }
}

/** Returns the remark for an optional object that its loader refuses. Throws `FlixError` `loader-refuses` for another one. */
function remarkOf({ object, optional }: ExpectedClosure, { text }: Refusal): Remark {
  if (optional)
    return { code: 'not-loadable', file: object, message: `its private loader refuses it: ${text}` };
  throw new FlixError(
    'proof',
    'loader-refuses',
    `${object}: its private loader refuses it: ${text}`,
    `Nothing was published. Check whether the file, one of its libraries or the loader is damaged: compare them with their packages (dpkg --verify, rpm -V). To publish the tree without asking its loader, use --no-run.`,
  );
}

/** Returns what hard links to one file have in common; `undefined` if the path leads nowhere. */
function fileId(tree: View, path: string): string | undefined {
  const real = follow(tree, path).path;
  return real === undefined ? undefined : tree.stat(real).id;
}

/** Drops the glibc-hwcaps directory: a build for the level of this processor replaces the planned library. */
function withoutLevel(path: string): string {
  return path.replace(/\/glibc-hwcaps\/[^/]+(?=\/[^/]+$)/, '');
}

function resolveAgain(closures: readonly ExpectedClosure[], tree: View, loader: string): void {
  const resolve = treeResolver(tree, loader);
  for (const expected of closures) {
    const found = expectedOf(expected.object, resolve(expected.object), expected.optional);
    compare(expected, found, 'resolved again in the finished tree, it');
  }
}

/** Throws `FlixError` `closure-differs` if an object loads other files than planned. @param who asked */
export function compare(
  expected: ExpectedClosure,
  found: { readonly loads: readonly string[]; readonly lacks: readonly string[] },
  who: string,
): void {
  // `--list` stops at the first missing library, so the libraries after it cannot be compared
  const partial = expected.lacks.length > 0 && who === LOADER;
  const differences = [
    ...(partial ? [] : difference(expected.loads, found.loads, path => `does not load ${path}`)),
    ...difference(found.loads, expected.loads, path => `loads ${path}, which is not planned`),
    ...(partial
      ? []
      : difference(expected.lacks, found.lacks, name => `finds ${name}, which should be missing`)),
    ...difference(found.lacks, expected.lacks, name => `does not find ${name}`),
  ];
  if (differences.length > 0)
    throw new FlixError(
      'proof',
      'closure-differs',
      `${expected.object}: ${who} ${differences.join('\n  ')}`,
      who === LOADER ? loaderDiffers : wayOut,
    );
}

/** Describes the items of a list that another list lacks. */
function difference(
  all: readonly string[],
  known: readonly string[],
  describe: (item: string) => string,
): string[] {
  return all.filter(item => !known.includes(item)).map(describe);
}
