import { setImmediate as nextTurn } from 'node:timers/promises';
import { FlixError } from '../errors.ts';
import type { ExpectedClosure, Plan } from '../plan/plan.ts';
import { resolver } from '../resolve/resolve.ts';
import { follow } from '../view/follow.ts';
import type { View } from '../view/view.ts';
import { type Ground, listObject, NotRunnable, wayOut } from './loader-list.ts';

/** What was asked of the finished tree, and what it answered. */
export interface ClosureProof {
  /** Objects whose closure was resolved again in the finished tree, by our own rules. */
  readonly resolved: number;
  /** Objects whose closure the private loader itself listed. */
  readonly listed: number;
  /** Why the loader was not asked. */
  readonly notRun: string | undefined;
}

const AT_ONCE = 4;
const LOADER = 'the private loader';

/**
 * Every object of the tree must load the planned files and nothing else: by our own resolver in the finished tree,
 * and by the word of the private loader. Throws `FlixError` at the first that does not.
 *
 * @param run false: `--no-run`, the loader is not asked
 */
export async function proveClosures(
  plan: Plan,
  tree: View,
  ground: Ground,
  run: boolean,
): Promise<ClosureProof> {
  const proof = { resolved: plan.expected.length, listed: 0, notRun: run ? undefined : '--no-run was given' };
  const asked = run ? askLoader(plan, tree, ground) : undefined;
  // the loader runs beside this process: what it needs no answer for is done meanwhile
  asked?.catch(() => undefined);
  await nextTurn();
  resolveAgain(plan, tree);
  try {
    await asked;
  } catch (error) {
    if (error instanceof NotRunnable) return { ...proof, notRun: error.message };
    throw error;
  }
  return { ...proof, listed: run && plan.loader !== undefined ? plan.expected.length : 0 };
}

function resolveAgain(plan: Plan, tree: View): void {
  const resolve = resolver([tree], { preloadFile: false });
  for (const expected of plan.expected) {
    const { objects, missing } = resolve(expected.object);
    const loads = objects.slice(1).map(({ real }) => real);
    const lacks = missing.map(({ name }) => name);
    compare(expected, { loads, lacks }, 'the finished tree, resolved again,');
  }
}

async function askLoader({ loader, expected: all }: Plan, tree: View, ground: Ground): Promise<void> {
  if (loader === undefined) return;
  const queue = [...all];
  const ask = async () => {
    for (let expected = queue.shift(); expected; expected = queue.shift()) {
      const listing = await listObject(ground, loader, expected.object);
      const loads = listing.loads
        .map(path => follow(tree, path).path ?? path)
        .filter(path => path !== loader);
      compare(expected, { ...listing, loads }, LOADER);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
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
    ...difference(found.loads, expected.loads, 'loads, against the plan,'),
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
