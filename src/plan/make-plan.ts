import type { ElfFacts } from '../elf/facts.ts';
import type { Opening, Remark } from '../manifest/manifest.ts';
import type { JudgedNeed } from '../needs/need.ts';
import type { Closure } from '../resolve/closure.ts';
import { follow, resolveParent } from '../view/follow.ts';
import type { View } from '../view/view.ts';
import { bringNeeds, byStrength, scriptsAmong } from './bring-needs.ts';
import { Claims } from './claims.ts';
import { judgeOpenedNames, libcNeeds } from './opened-names.ts';
import { closureRemarks, type PlacedClosure, resolvePlaced } from './closures.ts';
import { refuseDrivers } from './drivers.ts';
import { stackRemarks } from './executable-stack.ts';
import { expectClosures } from './expected.ts';
import { gatherRequest } from './gather.ts';
import { hostedTree, placedResolver } from './hosted-tree.ts';
import { claimLicences } from './licences.ts';
import { claimMetadata } from './metadata.ts';
import { nameServiceRemarks } from './name-service.ts';
import { missingInterpreters, needRemarks, onTheHost, placeIn } from './need-remarks.ts';
import { claimOpenedByName, openedAtRunTime, refuseDlopen, searchedInTree } from './opened-at-run-time.ts';
import { claimNeighbours } from './neighbours.ts';
import { movedFirstLine, PrivateInterpreters, soughtAtOldPlace } from './private-interpreters.ts';
import { loginRemarks } from './rights.ts';
import { refusePacked } from './packed.ts';
import { isHostInterpreter, REPLACES_INTERPRETER, replacesInterpreter } from './packages/host-parts.ts';
import type { Plan } from './plan.ts';
import { plannedView } from './planned-view.ts';
import { claimPrivateDirectory, privateLibraries } from './private-directory.ts';
import { chooseRelocation, editsOf, type FileEdits } from './relocation.ts';
import { Redirects } from './redirects.ts';
import type { PlanRequest } from './request.ts';
import { servedByTree } from './served.ts';
import { architectureOf, soleLoader } from './sole-loader.ts';
import { type Moves, movedTarget, targetOf } from './target.ts';

/** Decides every file of the tree. Reads the roots, writes nothing. Throws `FlixError` for a request that cannot be met. */
export function makePlan(request: PlanRequest): Plan {
  const interpreters = new PrivateInterpreters(request);
  for (;;) {
    const plan = planWith(request, interpreters);
    if (plan) return plan;
  }
}

/** Returns `undefined` if it shows that other interpreters than these have to be private. */
function planWith(request: PlanRequest, interpreters: PrivateInterpreters): Plan | undefined {
  const { moves } = interpreters;
  const claims = new Claims();
  const gatherer = gatherRequest(request, claims, moves);
  const asked = new Set(scriptsAmong(claims.sorted()).map(({ path }) => path));
  const resolvePlacedFile = placedResolver(request);
  const view = request.lookups[0]!;
  const redirects = new Redirects(request, view);
  const needs = bringNeeds(
    hostedTree(request, claims, gatherer, moves, resolvePlacedFile, redirects),
    request.needs,
  );
  const kept = [
    ...gatherer.movedByLinks(),
    ...needs.flatMap(need => soughtAtOldPlace(need, moves, view) ?? []),
    ...moveFirstLines(claims, moves, view),
  ];
  // both, so that the next plan has all that this one shows
  if ([interpreters.keep(kept), interpreters.add(needs)].includes(true)) return undefined;
  if (interpreters.leave(target => claims.get(target) !== undefined)) return undefined;
  gatherer.retract(path => redirects.placeOf(path) !== undefined);
  const { placed, placeOf, entries, remarks } = gatherer.finish();
  remarks.push(...redirects.remarks());
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
  if (loader && request.seal === 'auto') refuseDrivers(usable, request.excluded);
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
    const edits: FileEdits = { relocation, targets, redirects: redirects.edits };
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
      searchedInTree(request.lookups, loader, objects, placeOf).filter(
        searched => !redirects.contains(searched),
      ),
      request.excluded,
    );
    remarks.push(...links);
    remarks.push(...claimNeighbours(claims, relocation.placement.libraryDirectory, libraries, placeOf));
  }
  redirects.edits.finish(claims);
  const architecture = architectureOf(closures);
  claimMetadata(claims, request, architecture);
  const licences = request.sbom ? claimLicences(claims, request.prefix) : undefined;
  remarks.push(...(licences?.remarks ?? []));
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
    ...replacedModules(needs, claims),
    ...replacedInterpreters(
      needs.filter(({ what }) => movedTarget(moves, follow(view, what).path ?? what) === undefined),
      view,
      remarks,
    ),
    ...missingInterpreters(scripts, request.lookups[0]!),
    ...loginRemarks(files, closures),
    // an unsealed loader finds the modules of the host
    ...(loader && request.seal === 'auto'
      ? nameServiceRemarks({
          root: request.roots[0]!,
          host: request.host,
          loader,
          closures: usable,
          files,
          excluded: request.excluded,
        })
      : []),
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
    ...(licences && { licences: licences.licences }),
  };
}

/** Names directories of modules that the user has put where hosts have theirs. */
function replacedModules(needs: readonly JudgedNeed[], claims: Claims): Remark[] {
  const named = new Set<string>();
  return needs.flatMap(({ what, owner, lookup, verdict }) => {
    const place = targetOf(what) ?? what;
    if (verdict !== 'in the tree' || owner !== 'host' || !lookup?.modules || named.has(place)) return [];
    if (claims.get(place) === undefined) return [];
    named.add(place);
    return [
      {
        code: 'replaces-modules',
        file: place,
        message:
          'programs of a host that has this directory get these modules, too, and may fail with them. Do not name it: flix brings such modules to a private place.',
      },
    ];
  });
}

/** Names interpreters that come for scripts and take the place of those with which tools of the host run. */
function replacedInterpreters(needs: readonly JudgedNeed[], view: View, known: readonly Remark[]): Remark[] {
  const named = new Set(known.flatMap(({ code, file }) => (code === REPLACES_INTERPRETER ? [file] : [])));
  return needs.flatMap(({ what, verdict, evidence: { kind, file } }) => {
    const place = resolveParent(view, what);
    const isForScript = kind === 'interpreter' || kind === 'script' || kind === 'command';
    if (verdict !== 'brought' || !isForScript || !isHostInterpreter(place) || named.has(place)) return [];
    named.add(place);
    return [replacesInterpreter(place, file)];
  });
}

/** Makes scripts start moved interpreters at their new places. Returns the interpreters for which a script cannot do so. */
function moveFirstLines(claims: Claims, moves: Moves, programs: View): string[] {
  if (moves.size === 0) return [];
  return scriptsAmong(claims.sorted()).flatMap(({ target, view, path }) => {
    const line = movedFirstLine(view, path, moves, programs);
    if (line && 'impossible' in line) return [line.impossible];
    const file = claims.get(target)!;
    if (line && file.content.kind === 'copy')
      claims.replace({ ...file, content: { ...file.content, edits: [{ kind: 'first-line', ...line }] } });
    return [];
  });
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
