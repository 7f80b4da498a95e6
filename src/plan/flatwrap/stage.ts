import type { Opening, Remark } from '../../manifest/manifest.ts';
import type { Closure } from '../../resolve/closure.ts';
import { findLoader, type Loader } from '../../resolve/loader.ts';
import { type JudgedNeed, reaches } from '../../needs/need.ts';
import { driverOf } from '../../needs/drivers.ts';
import { isAlwaysBrought, noteOf } from '../../needs/opened-names.ts';
import { measure } from '../../needs/ownership.ts';
import { follow, resolveParent } from '../../view/follow.ts';
import { objectAt } from '../../view/object.ts';
import { basename, normalise } from '../../view/path.ts';
import type { View } from '../../view/view.ts';
import { bringNeeds, byStrength, type GrowingTree, unbringable, withParents } from '../bring-needs.ts';
import { closureRemarks, isOptional, type PlacedClosure, reachable, resolvePlaced } from '../closures.ts';
import { type Defaults, isDefault, refusesDefault } from '../defaults.ts';
import { bridgeDrivers, driverNeed } from '../drivers.ts';
import { stackRemarks } from '../executable-stack.ts';
import { expectedOf, treeResolver } from '../expected.ts';
import { withoutForeign } from '../foreign.ts';
import type { Placed } from '../gathering.ts';
import { libcNeeds } from '../opened-names.ts';
import { openedAtRunTime, refuseDlopen } from '../opened-at-run-time.ts';
import type { StagedLoader } from '../plan.ts';
import { unsealedOpenings } from '../relocation.ts';
import type { PlanRequest } from '../request.ts';
import { type ChosenForm, INNER_UNSHARE } from './form.ts';
import { startedPrograms, type ShownPath } from './read-request.ts';
import type { StagedRoot } from './staged-root.ts';
import { DROPPED } from './wrappers.ts';

/** What the programs of a staged root load. */
export interface StagedClosures {
  readonly closures: readonly PlacedClosure[];
  readonly needs: readonly JudgedNeed[];
  readonly remarks: readonly Remark[];
  /** Whether links lead to drivers of the host. */
  readonly isBridged: boolean;
}

/**
 * Stages the paths that the view must show and what its programs load: the whole root, or only the closure. Throws
 * `FlixError` if a library is missing.
 */
export function stage(
  request: PlanRequest,
  staged: StagedRoot,
  shown: readonly ShownPath[],
  { form }: Pick<ChosenForm, 'form'>,
  trim: boolean,
  resolve: (path: string) => Closure,
  isProvided: (path: string) => boolean,
  defaults: Defaults,
): StagedClosures {
  const view = request.roots[0]!;
  const overmount = form === 'overmount';
  if (!trim) staged.addAll('/', 'in the root');
  for (const { path, real, is, why } of shown) {
    staged.add(path, why);
    if (is === 'directory') staged.addAll(real, why);
  }
  if (overmount) staged.add(INNER_UNSHARE, 'maps the ids of a caller other than root');
  const started = [...startedPrograms(view, shown), ...(overmount ? [INNER_UNSHARE] : [])];
  const run = new Set(started.map(path => follow(view, path).path ?? path));
  const loadable = () =>
    withoutForeign(
      staged.placed.map(file => ({ ...file, named: run.has(file.path) })),
      () => view,
      [view],
      facts => findLoader(view, facts) !== undefined,
    );
  const named = new Set(shown.filter(({ is }) => is === 'run').map(({ real }) => real));
  const growing = stagedTree(request, staged, () => loadable().own, named, resolve, isProvided, defaults);
  const needs = trim ? bringNeeds(growing, request.needs) : [];
  const { own: placed, remarks: foreign } = trim
    ? loadable()
    : { own: [...run].map(path => programAt(path, staged)), remarks: [] };

  const closures = resolvePlaced(request, placed, ({ path }) => resolve(path));
  const provided = new Set(closures.flatMap(({ closure }) => foundNames(closure)));
  const remarks = closureRemarks(closures, request, (_, name) => provided.has(name));
  const usable = closures.filter(({ closure }) => !closure.fatal);
  const loaders = loadersOf(usable);
  if (loaders.length === 0) refuseDlopen(request.dlopen);
  const opened = loaders.length > 0 ? openedAtRunTime(request, usable) : [];
  for (const loader of loaders) addLoader(staged, loader, overmount);
  for (const closure of [...usable.map(({ closure: own }) => own), ...opened])
    for (const { path, requester } of reachable(closure, closure.entry, request.excluded))
      staged.add(
        path,
        requester ? `needed by ${requester.real}` : `opened by ${closure.entry.real} at run time`,
      );
  const bridged = bridgeDrivers(staged, usable, loaders, request.excluded);
  const names = trim ? stageOpenedNames(request, staged, usable) : { needs: [], remarks: [] };
  const stacks = stackRemarks(usable, { opened }, ({ real }) => staged.place(real));
  return {
    closures: usable,
    isBridged: bridged.length > 0,
    needs: [
      ...needs,
      ...names.needs,
      ...bridged,
      ...(trim ? loaders.flatMap(loader => libcNeeds(opened, loader)) : []),
    ].sort(byStrength),
    remarks: [...foreign, ...remarks, ...names.remarks, ...stacks, ...staged.remarks, ...staged.strayLinks()],
  };
}

/** Stages the libraries that objects open by name at run time, by the rules of `judgeOpenedNames`. */
function stageOpenedNames(
  { excluded, needs: level }: PlanRequest,
  staged: StagedRoot,
  closures: readonly PlacedClosure[],
): { readonly needs: JudgedNeed[]; readonly remarks: Remark[] } {
  const needs: JudgedNeed[] = [];
  const remarks = new Map<string, Remark>();
  for (const { target, closure } of closures)
    for (const { caller, name, to, origin, missing } of closure.openedNames) {
      if (driverOf(name)?.fits === 'devices' && !staged.holds(to?.real ?? '')) {
        needs.push(driverNeed(name, caller, false, 'open'));
        continue;
      }
      if (!to || missing.length > 0 || excluded(name) !== undefined || staged.holds(to.real)) continue;
      const { priority } = noteOf({ caller, name });
      const isBrought = isAlwaysBrought(priority, origin) || reaches(priority ?? 'recommended', level);
      if (isBrought)
        for (const { path } of [to, ...reachable(closure, to, excluded)])
          staged.add(path, `opened by ${caller.real} at run time`);
      else if (!remarks.has(name))
        remarks.set(name, {
          code: 'opened-by-name',
          file: target,
          message: `${basename(caller.real)} may open ${name} at run time, which the view does not show. Bring it with --dlopen ${name} if that feature is used.`,
        });
      needs.push({
        what: name,
        strength: priority ?? 'recommended',
        evidence: { kind: priority === undefined ? 'soname' : 'note', file: caller.real, text: name },
        verdict: isBrought ? 'brought' : 'open',
        ...measure(to.view, to.real),
      });
    }
  return { needs, remarks: [...remarks.values()] };
}

/** Returns the staged root as it grows by what its programs need in the view. */
function stagedTree(
  request: PlanRequest,
  staged: StagedRoot,
  placed: () => readonly Placed[],
  named: ReadonlySet<string>,
  resolve: (path: string) => Closure,
  isProvided: (path: string) => boolean,
  defaults: Defaults,
): GrowingTree {
  const { roots, skip } = request;
  const view = roots[0]!;
  // the view shows the host's /etc, to which systemd-tmpfiles copies the defaults of the tree
  const isHostsDefault = (path: string) => isDefault(path) && isProvided(path);
  const chosen = chosenPaths(request);
  return {
    view,
    onHost: false,
    subjects: () => [
      ...placed().flatMap(file => {
        const optional = !named.has(file.path);
        return resolve(file.path).objects.map(({ real }) => ({ view, path: real, optional }));
      }),
      ...staged.scripts().map(path => ({ view, path, optional: !named.has(path) })),
    ],
    has({ what }) {
      const place = resolveParent(view, what);
      if (isHostsDefault(place)) return defaults.has(place);
      if (isProvided(place) || chosen.has(place)) return true;
      return staged.holds(place) && (view.kind(place) !== 'directory' || staged.holdsAll(place));
    },
    refuses(need) {
      const reason = unbringable(need, view, view, skip);
      if (reason !== undefined) return reason;
      if (isHostsDefault(need.what)) return refusesDefault(view, need.what);
      return isProvided(follow(view, need.what).path!)
        ? 'the view shows the host’s directory there'
        : undefined;
    },
    bring(need, why) {
      if (isHostsDefault(need.what)) defaults.add(need.what, why);
      else staged.bring(need.what, why);
      return undefined;
    },
  };
}

/**
 * Returns the paths that the user chose, with the directories above them: where a part was chosen, the rest is left out on
 * purpose. A program says nothing about the directory that it is in.
 */
function chosenPaths({ roots, paths, includes }: PlanRequest): Set<string> {
  const view = roots[0]!;
  const places = [...paths, ...includes].map(({ source }) => resolveParent(view, normalise(source)));
  return withParents(places.filter(place => !objectAt(view, follow(view, place).path ?? place).facts));
}

/** Returns the names of the libraries that are found: a plugin may lack one that its program has loaded. */
function foundNames({ objects }: Closure): string[] {
  return objects.flatMap(({ edges }) => edges.flatMap(({ name, to }) => (to ? [name] : [])));
}

function programAt(path: string, staged: StagedRoot): Placed {
  return { role: 'program', path, target: staged.place(path) };
}

/** Returns the distinct loaders of some closures. */
export function loadersOf(closures: readonly PlacedClosure[]): Loader[] {
  const loaders = new Map<string, Loader>();
  for (const { closure } of closures)
    if (closure.loader && !loaders.has(closure.loader.path)) loaders.set(closure.loader.path, closure.loader);
  return [...loaders.values()];
}

/**
 * Stages a loader. In an overmounted view, /lib64 is the host's link to /usr/lib64 or /usr/lib, so both must have it.
 * @param anywhere the view is overmounted
 */
function addLoader(staged: StagedRoot, loader: Loader, anywhere: boolean): void {
  const why = 'the interpreter of programs in the root';
  staged.add(loader.path, why);
  staged.add(loader.real, why);
  if (!anywhere) return;
  const [, directory] = /^\/(lib[^/]*)\//.exec(loader.path) ?? [];
  for (const library of new Set([directory ?? 'lib', 'lib'])) {
    const path = `/usr/${library}/${basename(loader.path)}`;
    if (follow(loader.view, path).path === undefined)
      staged.link(path, loader.real, 'where the host’s links point to');
    else staged.add(path, why);
  }
}

/**
 * Returns what each loader must list, by real paths inside the staged root.
 * @param tree the staged root, as planned
 */
export function stagedLoaders(closures: readonly PlacedClosure[], tree: View): StagedLoader[] {
  return loadersOf(closures).map(({ path, id }) => {
    const resolve = treeResolver(tree, path);
    return {
      path,
      expected: closures
        .filter(({ closure }) => closure.loader?.path === path && closure.entry.id !== id && !closure.fatal)
        .map(placed => {
          const { real } = placed.closure.entry;
          return expectedOf(real, resolve(real), isOptional(placed));
        }),
    };
  });
}

/**
 * Returns what stays open. No loader is sealed, but wrappers drop the variables: only a program that systemd itself starts
 * in the view gets them, and the host's shell, which interprets a wrapper.
 *
 * @param wrappers paths in the tree
 * @param native whether systemd starts a program in the view
 */
export function openingsOf(
  loaders: readonly Loader[],
  staged: StagedRoot,
  wrappers: readonly string[],
  native: boolean,
): Opening[] {
  return [
    ...loaders
      .flatMap(({ family, real, preloadFile }) => unsealedOpenings(family, staged.place(real), [preloadFile]))
      .filter(({ through }) => native || !DROPPED.includes(through)),
    ...wrappers.flatMap(file =>
      DROPPED.map(through => ({
        through,
        admits: 'libraries into the shell of the host that runs the wrapper; not into the program',
        file,
      })),
    ),
  ];
}
