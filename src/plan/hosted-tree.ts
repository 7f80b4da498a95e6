import type { Need } from '../needs/need.ts';
import { openedNamesIn } from '../needs/opened-names.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { resolver } from '../resolve/resolve.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { normalise, within } from '../view/path.ts';
import { walk } from '../view/walk.ts';
import { type GrowingTree, scriptsAmong, unbringable, withParents } from './bring-needs.ts';
import type { Claims } from './claims.ts';
import { isOptional } from './closures.ts';
import { Defaults, isDefault, refusesDefault } from './defaults.ts';
import type { Gatherer } from './gather.ts';
import type { Placed } from './gathering.ts';
import { followsMoves } from './private-interpreters.ts';
import type { PlanRequest } from './request.ts';
import type { Redirects } from './redirects.ts';
import { type Moves, movedTarget } from './target.ts';

/** Returns the tree of a request as it grows by what its programs need on a host. */
export function hostedTree(
  request: PlanRequest,
  claims: Claims,
  gatherer: Gatherer,
  moves: Moves,
  resolvePlacedFile: (placed: readonly Placed[]) => (file: Placed) => Closure,
  redirects: Redirects,
): GrowingTree {
  const view = request.lookups[0]!;
  const root = request.roots[0]!;
  const chosen = chosenDirectories(request, claims, gatherer);
  const isComplete = (directory: string) => {
    for (const { path, kind } of walk(view, directory, request.skip))
      if (kind === 'file' && !claims.get(gatherer.targetOf(path) ?? path)) return false;
    return true;
  };
  const defaults = new Defaults(view, claims, request.name);
  const subjects = () => {
    const placed = gatherer.placed();
    const resolve = resolvePlacedFile(placed);
    const objects = placed.flatMap(file => {
      const optional = isOptional(file);
      const { objects: loaded, openedNames } = resolve(file);
      const opened = openedNames.flatMap(({ to, origin }) => (to && origin?.kind === 'runpath' ? [to] : []));
      return [...loaded, ...opened].map(object => {
        const { view: root_, path } = object.view.source(object.real);
        return { view: root_, path, optional };
      });
    });
    const programs = gatherer.programs();
    const scripts = scriptsAmong(claims.sorted()).map(({ view: root_, path, target }) => ({
      view: root_,
      path,
      optional: !gatherer.scripts.has(path),
      isProgram: programs.has(target),
    }));
    return [...objects, ...scripts];
  };
  const has = (need: Need) => {
    const literal = resolveParent(view, need.what);
    const real = follow(view, literal).path;
    if (isDefault(literal)) return defaults.has(literal);
    const isMoved = real !== undefined && movedTarget(moves, real) !== undefined;
    if (isMoved && !followsMoves(need, moves)) return false;
    const place = isMoved ? real : literal;
    const target = gatherer.targetOf(place) ?? place;
    if (need.lookup?.modules) return isPutThere(request, target);
    if (chosen.has(target)) return true;
    const claimed = claims.get(target);
    return claimed !== undefined && (claimed.content.kind !== 'directory' || isComplete(place));
  };
  return {
    view,
    onHost: true,
    subjects,
    redirected: need => redirects.join(need),
    has,
    close: () => redirects.close(subjects(), path => request.skip(path) || isPutThere(request, path)),
    refuses(need) {
      const reason = unbringable(need, view, root, request.skip);
      if (reason !== undefined) return reason;
      if (need.owner === 'host') return redirects.refuses(need, subjects());
      if (isDefault(need.what)) return refusesDefault(view, need.what);
      const real = follow(view, need.what).path!;
      const place = gatherer.targetOf(real);
      if (place === undefined) return 'a system extension has only /usr and /opt';
      return claims.inTheWay(place) ? 'another file is in its way' : undefined;
    },
    bring(need, why) {
      if (isDefault(need.what)) {
        defaults.add(need.what, why);
        return undefined;
      }
      const place = need.owner === 'host' ? redirects.add(need) : undefined;
      gatherer.bring(need.what, why, place);
      return place;
    },
  };
}

/**
 * Whether the user put modules at their own place in the tree: named the directory, or added files of an own to it. A part of
 * the directory, or all of it from a package, is not enough: the programs would load those of the host that are beside them.
 */
function isPutThere({ tree, overlays, paths, includes }: PlanRequest, directory: string): boolean {
  const added = [...(tree ? [tree] : []), ...overlays].some(
    view => follow(view, directory).path !== undefined,
  );
  return (
    added ||
    [...paths, ...includes].some(({ source, target }) => within(target ?? normalise(source), directory))
  );
}

/**
 * Returns the paths in the tree that the user chose, with the directories above them: where a part was chosen, the rest is
 * left out on purpose. Neither an overlay nor a program in a directory says so.
 */
function chosenDirectories(
  { tree, paths, includes }: PlanRequest,
  claims: Claims,
  gatherer: Gatherer,
): Set<string> {
  // an empty directory is no choice: an earlier run may have left it
  if (tree)
    return withParents(
      [...walk(tree, '/')].flatMap(({ path, kind }) => (kind === 'directory' ? [] : [path])),
    );
  const targets = [...paths, ...includes].flatMap(
    ({ source, target }) => target ?? gatherer.targetOf(normalise(source)) ?? [],
  );
  return withParents(targets.filter(target => claims.get(target)?.role !== 'entry'));
}

/**
 * Returns the resolver of placed files, which remembers what it has resolved while files are added. Libraries are loaded by
 * the loader of the programs beside them, wherever in the root those are.
 */
export function placedResolver({
  lookups,
  resolveOptions,
}: PlanRequest): (placed: readonly Placed[]) => (file: Placed) => Closure {
  const opens = ({ view, real }: LoadedObject) => openedNamesIn(view, real).map(({ name }) => name);
  const resolve = resolver(lookups, { ...resolveOptions, opens });
  const programs = new Map<string, Closure>();
  const libraries = new Map<string | undefined, (path: string) => Closure>();
  return placed => {
    for (const { role, path } of placed)
      if (role !== 'object' && !programs.has(path)) programs.set(path, resolve(path));
    const isPlaced = new Set(placed.map(({ path }) => path));
    const libraryLoader = [...programs].find(([path, { loader }]) => loader && isPlaced.has(path))?.[1]
      .loader;
    let ofLibraries = libraries.get(libraryLoader?.id);
    if (!ofLibraries) {
      const resolveLibrary = resolver(lookups, { ...resolveOptions, opens, libraryLoader });
      const known = new Map<string, Closure>();
      ofLibraries = path => {
        let closure = known.get(path);
        if (!closure) known.set(path, (closure = resolveLibrary(path)));
        return closure;
      };
      libraries.set(libraryLoader?.id, ofLibraries);
    }
    const resolveObject = ofLibraries;
    return ({ path }) => programs.get(path) ?? resolveObject(path);
  };
}
