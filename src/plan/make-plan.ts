import type { ElfFacts } from '../elf/facts.ts';
import type { Opening } from '../manifest/manifest.ts';
import type { Closure, LoadedObject } from '../resolve/closure.ts';
import { openedNamesIn } from '../needs/opened-names.ts';
import { type Loader, minorVersion } from '../resolve/loader.ts';
import { resolver } from '../resolve/resolve.ts';
import { libcOf } from '../libc/libc.ts';
import type { JudgedNeed } from '../needs/need.ts';
import { measure } from '../needs/ownership.ts';
import { follow, resolveParent } from '../view/follow.ts';
import {
  bringNeeds,
  byStrength,
  type GrowingTree,
  scriptsAmong,
  unbringable,
  withParents,
} from './bring-needs.ts';
import { Claims } from './claims.ts';
import { judgeOpenedNames } from './opened-names.ts';
import { closureRemarks, isOptional, type PlacedClosure, resolvePlaced } from './closures.ts';
import { stackRemarks } from './executable-stack.ts';
import { expectClosures } from './expected.ts';
import { type Gatherer, gatherRequest } from './gather.ts';
import type { Placed } from './gathering.ts';
import { claimMetadata } from './metadata.ts';
import { missingInterpreters, needRemarks, onTheHost, placeIn } from './need-remarks.ts';
import { claimOpenedByName, openedAtRunTime, refuseDlopen, searchedInTree } from './opened-at-run-time.ts';
import { claimNeighbours } from './neighbours.ts';
import { refusePacked } from './packed.ts';
import type { Plan } from './plan.ts';
import { plannedView } from './planned-view.ts';
import { claimPrivateDirectory, privateLibraries } from './private-directory.ts';
import { chooseRelocation, editsOf, type FileEdits } from './relocation.ts';
import type { PlanRequest } from './request.ts';
import { servedByTree } from './served.ts';
import { architectureOf, soleLoader } from './sole-loader.ts';
import { targetOf } from './target.ts';

/** Decides every file of the tree. Reads the roots, writes nothing. Throws `FlixError` for a request that cannot be met. */
export function makePlan(request: PlanRequest): Plan {
  const claims = new Claims();
  const gatherer = gatherRequest(request, claims);
  const asked = new Set(scriptsAmong(claims.sorted()).map(({ path }) => path));
  const resolvePlacedFile = placedResolver(request);
  const needs = bringNeeds(hostedTree(request, claims, gatherer, resolvePlacedFile), request.needs);
  const { placed, placeOf, entries, remarks } = gatherer.finish();
  refusePacked(claims.sorted());
  const byLoader = resolvePlacedFile(placed);
  const served = servedByTree(placed, byLoader, request.excluded);
  remarks.push(...served.remarks);
  const { directories: lastResort } = served;
  const resolveOptions = { ...request.resolveOptions, lastResort };
  const resolve = lastResort.length > 0 ? placedResolver({ ...request, resolveOptions })(placed) : byLoader;
  const closures = resolvePlaced(request, placed, resolve);
  remarks.push(...request.earlierRemarks);

  const usable = closures.filter(({ closure }) => !closure.fatal);
  const loader = soleLoader(usable);
  if (!loader) refuseDlopen(request.dlopen);
  const openings: Opening[] = [];
  let loaderTarget: string | undefined;
  const targets = new Map<string, string>(usable.map(({ target, closure }) => [closure.entry.id, target]));
  if (loader) {
    const opened = openedAtRunTime({ ...request, resolveOptions }, usable);
    const needed = [...usable.map(({ closure }) => closure), ...opened];
    const names = judgeOpenedNames(
      usable,
      privateLibraries(needed, request.excluded),
      placeOf,
      request.excluded,
      request.needs,
    );
    remarks.push(...names.remarks);
    needs.push(...names.needs, ...libcNeeds(opened, loader));
    const libraries = privateLibraries(needed, request.excluded, names.brought);
    const relocation = chooseRelocation(request, loader, programFacts(usable));
    openings.push(...relocation.openings);
    const edits: FileEdits = { relocation, targets };
    const directory = claimPrivateDirectory(
      claims,
      libraries,
      loader,
      relocation.placement,
      relocation.loaderEdits,
      placeOf,
      object => editsOf(edits, object),
    );
    loaderTarget = directory.loader;
    for (const [id, target] of directory.targets) targets.set(id, target);
    remarks.push(...stackRemarks(usable, { opened, brought: names.brought }, ({ id }) => targets.get(id)));
    if (relocation.pathFile)
      claims.claim({
        target: relocation.pathFile.path,
        role: 'metadata',
        content: { kind: 'text', text: relocation.pathFile.content },
        why: 'the directories that the private loader searches',
      });
    for (const { target, closure } of usable) editPlaced(claims, edits, target, closure);
    const objects = new Set(usable.flatMap(({ closure }) => closure.objects));
    const links = claimOpenedByName(
      claims,
      relocation.placement.libraryDirectory,
      searchedInTree(request.lookups, loader, objects, placeOf),
      request.excluded,
    );
    remarks.push(...links);
    remarks.push(...claimNeighbours(claims, relocation.placement.libraryDirectory, libraries, placeOf));
  }
  const architecture = architectureOf(closures);
  claimMetadata(claims, request, architecture);
  const files = claims.sorted();
  const { expected, remarks: foreseen } = loaderTarget
    ? expectClosures({
        tree: plannedView(files),
        loader: loaderTarget,
        closures: usable,
        placeOf: ({ id }) => targets.get(id),
        excluded: request.excluded,
      })
    : { expected: [], remarks: [] };
  const lacks = new Map(expected.map(closure => [closure.object, closure.lacks]));
  const isServed = (target: string, name: string) => lacks.get(target)?.includes(name) === false;
  remarks.push(...closureRemarks(closures, request, isServed), ...foreseen);
  const scripts = scriptsAmong(files).filter(({ path }) => asked.has(path));
  remarks.push(
    ...missingInterpreters(scripts, request.lookups[0]!),
    ...needRemarks(needs, { ...onTheHost, view: request.lookups[0]!, placeOf: placeIn(files) }),
  );
  return {
    name: request.name,
    prefix: request.prefix,
    seal: request.seal,
    wrapped: undefined,
    architecture,
    loader: loaderTarget,
    entries,
    files,
    expected,
    openings,
    remarks,
    needs: needs.sort(byStrength),
    closures: closures.map(({ closure }) => closure),
  };
}

/** Returns the libraries that the libc opens by itself, as far as the roots have them. */
function libcNeeds(opened: readonly Closure[], loader: Loader): JudgedNeed[] {
  const names = new Set(libcOf(loader.family).opens(minorVersion(loader)));
  const needs = new Map<string, JudgedNeed>();
  for (const { entry } of opened)
    for (const { tag, name, to } of entry.edges)
      if (tag === 'preload' && to && names.has(name))
        needs.set(name, {
          what: name,
          strength: 'required',
          evidence: { kind: 'libc', file: loader.real, text: name },
          verdict: 'brought',
          ...measure(to.view, to.real),
        });
  return [...needs.values()];
}

/** Returns the tree of a request as it grows by what its programs need on a host. */
function hostedTree(
  request: PlanRequest,
  claims: Claims,
  gatherer: Gatherer,
  resolvePlacedFile: (placed: readonly Placed[]) => (file: Placed) => Closure,
): GrowingTree {
  const view = request.lookups[0]!;
  const root = request.roots[0]!;
  const data = claims.sorted().filter(({ role }) => role !== 'entry' || request.tree !== undefined);
  const chosen = withParents(data.map(({ target }) => target));
  return {
    view,
    onHost: true,
    subjects() {
      const placed = gatherer.placed();
      const resolve = resolvePlacedFile(placed);
      const objects = placed.flatMap(file => {
        const optional = isOptional(file);
        const { objects: loaded, openedNames } = resolve(file);
        const opened = openedNames.flatMap(({ to, origin }) =>
          to && origin?.kind === 'runpath' ? [to] : [],
        );
        return [...loaded, ...opened].map(object => {
          const { view: root_, path } = object.view.source(object.real);
          return { view: root_, path, optional };
        });
      });
      const scripts = scriptsAmong(claims.sorted()).map(({ view: root_, path }) => ({
        view: root_,
        path,
        optional: !gatherer.scripts.has(path),
      }));
      return [...objects, ...scripts];
    },
    has(path) {
      const place = resolveParent(view, path);
      const target = targetOf(place) ?? place;
      return claims.get(target) !== undefined || chosen.has(target);
    },
    refuses(need) {
      if (need.owner === 'host')
        return 'programs of a host load the same files from there; use --mode flatwrap, or --include if no host has them';
      const reason = unbringable(need, view, root, request.skip);
      if (reason !== undefined) return reason;
      const real = follow(view, need.what).path!;
      const place = targetOf(real);
      if (place === undefined) return 'a system extension has only /usr and /opt';
      return claims.inTheWay(place) ? 'another file is in its way' : undefined;
    },
    bring: (path, why) => gatherer.bring(path, why),
  };
}

/**
 * Returns the resolver of placed files, which remembers what it has resolved while files are added. Libraries are loaded by
 * the loader of the programs beside them, wherever in the root those are.
 */
function placedResolver({
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

function programFacts(closures: readonly PlacedClosure[]): ElfFacts[] {
  return closures.filter(({ role }) => role !== 'object').map(({ closure }) => closure.entry.facts);
}

function editPlaced(claims: Claims, edits: FileEdits, target: string, closure: Closure): void {
  const file = claims.get(target);
  if (file?.content.kind !== 'copy') return;
  claims.replace({
    ...file,
    content: { ...file.content, edits: editsOf(edits, closure.entry) },
  });
}
