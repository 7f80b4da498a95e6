import { FlixError } from '../errors.ts';
import type { ExpectedClosure, Plan } from '../plan/plan.ts';
import { resolver } from '../resolve/resolve.ts';
import { follow } from '../view/follow.ts';
import type { View } from '../view/view.ts';
import { type LoaderRoot, listObject, NotRunnable, wayOut } from './loader-list.ts';

/** What was asked of the finished tree, and what it answered. */
export interface ClosureProof {
  /** Objects whose closure the private loader itself listed. */
  readonly listed: number;
  /** Objects whose closure was resolved again in the finished tree by our own rules, since the loader did not say all. */
  readonly resolved: number;
  /** Why the loader was not asked. */
  readonly notRun: string | undefined;
}

const AT_ONCE = 4;
const LOADER = 'its loader';

/**
 * Every object of the tree must load the planned files and nothing else: by the word of the private loader, and where
 * that cannot be had, by our own rules in the finished tree. Throws `FlixError` at the first that does not.
 *
 * @param run false: `--no-run`, the loader is not asked
 */
export async function proveClosures(
  { loader, expected }: Pick<Plan, 'loader' | 'expected'>,
  tree: View,
  root: LoaderRoot,
  run: boolean,
): Promise<ClosureProof> {
  if (loader === undefined) return { listed: 0, resolved: 0, notRun: undefined };
  const notRun = run ? await ask(loader, expected, tree, root) : '--no-run was given';
  // `--list` ends at the first library that is missing
  const unsaid = notRun === undefined ? expected.filter(({ lacks }) => lacks.length > 0) : expected;
  resolveAgain(unsaid, tree);
  return { listed: notRun === undefined ? expected.length : 0, resolved: unsaid.length, notRun };
}

/** @returns why the loader cannot be asked; `undefined`: it was, and it agrees */
async function ask(
  loader: string,
  all: readonly ExpectedClosure[],
  tree: View,
  root: LoaderRoot,
): Promise<string | undefined> {
  const queue = [...all];
  const self = follow(tree, loader).path;
  const askNext = async () => {
    for (let expected = queue.shift(); expected; expected = queue.shift()) {
      const listing = await listObject(root, loader, expected.object);
      const loads = listing.loads
        .map(path => follow(tree, withoutLevel(path)).path ?? path)
        .filter(path => path !== self);
      compare(expected, { ...listing, loads }, LOADER);
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

/** What a processor's level offers in place of a library is as good: the plan counts on no level. */
function withoutLevel(path: string): string {
  return path.replace(/\/glibc-hwcaps\/[^/]+(?=\/[^/]+$)/, '');
}

function resolveAgain(closures: readonly ExpectedClosure[], tree: View): void {
  const resolve = resolver([tree], { preloadFile: false });
  for (const expected of closures) {
    const { objects, missing } = resolve(expected.object);
    const loads = objects.slice(1).map(({ real }) => real);
    const lacks = missing.map(({ name }) => name);
    compare(expected, { loads, lacks }, 'the finished tree, resolved again,');
  }
}

function compare(
  expected: ExpectedClosure,
  found: { readonly loads: readonly string[]; readonly lacks: readonly string[] },
  who: string,
): void {
  // `--list` ends at the first library that is missing, so what comes behind it is not there to compare
  const partial = expected.lacks.length > 0 && who === LOADER;
  const differences = [
    ...(partial ? [] : difference(expected.loads, found.loads, 'does not load')),
    ...(expected.servedMore ? [] : difference(found.loads, expected.loads, 'loads, against the plan,')),
    ...(partial ? [] : difference(expected.lacks, found.lacks, 'is said to find')),
    ...difference(found.lacks, expected.lacks, 'does not find'),
  ];
  if (differences.length > 0)
    throw new FlixError(
      'proof',
      'closure-differs',
      `${expected.object}: ${who} ${differences.join('\n  ')}`,
      wayOut,
    );
}

function difference(all: readonly string[], known: readonly string[], verb: string): string[] {
  const missing = all.filter(item => !known.includes(item));
  return missing.map(item => `${verb} ${item}`);
}
