import { FlixError } from '../errors.ts';
import type { Remark } from '../manifest/manifest.ts';
import type { Closure, Edge, LoadedObject } from '../resolve/closure.ts';
import { loaderAt } from '../resolve/loader.ts';
import { type Resolver, resolver } from '../resolve/resolve.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';
import { isOptional, type PlacedClosure, reachable } from './closures.ts';
import type { ExpectedClosure } from './plan.ts';
import type { Excluded } from './request.ts';

/** What the loader of the finished tree will load. */
export interface Expectations {
  readonly expected: readonly ExpectedClosure[];
  readonly remarks: readonly Remark[];
}

interface ExpectationRequest {
  /** The finished tree, as planned. */
  readonly tree: View;
  /** The path of the loader in the tree. */
  readonly loader: string;
  /** The files of the tree that the loader loads; `target` is their path in `tree`. */
  readonly closures: readonly PlacedClosure[];
  /** Returns the path in `tree` of an object that was loaded in a root. */
  readonly placeOf: (object: LoadedObject) => string | undefined;
  readonly excluded: Excluded;
}

/**
 * Resolves every ELF file in the planned tree by the rules of the tree's own loader. Each library that a file loaded in
 * its root must still be the one that it gets for the same name. Throws `FlixError` `name-conflict` if it is not.
 */
export function expectClosures({
  tree,
  loader,
  closures,
  placeOf,
  excluded,
}: ExpectationRequest): Expectations {
  const resolve = treeResolver(tree, loader);
  const identity = (object: LoadedObject) => {
    const place = placeOf(object);
    const moved = place === undefined ? undefined : objectAt(tree, place);
    return moved?.facts ? moved.id : undefined;
  };
  const expected: ExpectedClosure[] = [];
  const remarks: Remark[] = [];
  for (const placed of closures) {
    const { target, closure } = placed;
    if (!closure.loader || closure.entry.id === closure.loader.id) continue;
    const after = resolve(target);
    if (after.fatal) {
      const { path, reason } = after.fatal;
      const message = `in the tree, its loader would stop at ${path}, which it opens because no other file has the name: ${reason}`;
      if (!isOptional(placed)) throw conflict(`${target}: ${message}`);
      remarks.push({ code: 'not-loadable', file: target, message });
      continue;
    }
    for (const requester of [closure.entry, ...reachable(closure, closure.entry, excluded)])
      checkKept(placed, requester, after, identity, excluded);
    expected.push(expectedOf(target, after, isOptional(placed)));
  }
  return { expected, remarks };
}

/** Returns a resolver that loads the files of a tree as its loader does. */
export function treeResolver(tree: View, loader: string): Resolver {
  return resolver([tree], { preloadFile: false, libraryLoader: loaderAt(tree, loader) });
}

/** Returns what the loader must list for an object, given its closure in the planned tree. */
export function expectedOf(
  object: string,
  { entry, objects, missing, versionProblems }: Closure,
  optional: boolean,
): ExpectedClosure {
  return {
    object,
    optional,
    loads: objects
      // an object that needs its own name is loaded twice: for its loader, the object that it lists has no identity
      .filter(({ id }) => id !== entry.id)
      .map(({ real }) => real)
      .sort(),
    lacks: [...new Set(missing.map(({ name }) => name))].sort(),
    unlisted: versionProblems.length > 0 || objects[0] !== entry,
  };
}

function checkKept(
  { closure }: PlacedClosure,
  requester: LoadedObject,
  after: Closure,
  identity: (object: LoadedObject) => string | undefined,
  excluded: Excluded,
): void {
  const id = identity(requester);
  const moved = requester === closure.entry ? after.entry : after.objects.find(object => object.id === id);
  for (const [at, { name, to }] of requester.edges.entries()) {
    if (!to || to.id === closure.loader?.id || excluded(name)) continue;
    const found: Edge | undefined = moved?.edges[at];
    if (found?.to && found.to.id === identity(to)) continue;
    throw conflict(
      `${requester.real} gets ${to.real} for ${name} when ${closure.entry.real} is loaded, but in one private directory it would get ${found?.to?.real ?? 'nothing'}`,
    );
  }
}

function conflict(message: string): FlixError {
  return new FlixError(
    'input',
    'name-conflict',
    message,
    'Vendor their programs separately, each with its own --name, or use --mode flatwrap, which edits nothing.',
  );
}
