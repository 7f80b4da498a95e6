import { isHostsDriver } from '../drivers.ts';
import { openedNamesIn } from '../../needs/opened-names.ts';
import type { LoadedObject } from '../../resolve/closure.ts';
import { resolver } from '../../resolve/resolve.ts';
import type { Remark } from '../../manifest/manifest.ts';
import { memoised } from '../../view/memo.ts';
import { objectAt } from '../../view/object.ts';
import { within } from '../../view/path.ts';
import { hostData, mountsOf } from '../../wrap/mounts.ts';
import { hostPrograms, type Wrapping } from '../../wrap/wrapping.ts';
import { Claims } from '../claims.ts';
import { type PlacedClosure, reachable } from '../closures.ts';
import { Defaults } from '../defaults.ts';
import { gatherOverlay } from '../gather.ts';
import { claimLicences } from '../licences.ts';
import { claimMetadata } from '../metadata.ts';
import { REPLACES_INTERPRETER } from '../packages/host-parts.ts';
import type { Plan } from '../plan.ts';
import { loginRemarks } from '../rights.ts';
import { refusePacked } from '../packed.ts';
import { plannedView } from '../planned-view.ts';
import type { PlanRequest, WrapChoices } from '../request.ts';
import { architectureOf } from '../sole-loader.ts';
import { chooseForm, type ChosenForm, hostPlaces, refuseHosts } from './form.ts';
import { stagedHelpers } from './helpers.ts';
import { type RequestedFiles, readRequest, startedPrograms } from './read-request.ts';
import { loadersOf, openingsOf, stage, stagedLoaders } from './stage.ts';
import { StagedRoot } from './staged-root.ts';
import { nameServiceRemarks } from '../name-service.ts';
import { needRemarks } from '../need-remarks.ts';
import { claimLoaderFiles, claimViewFiles, settled } from './view-files.ts';
import { claimWrappers } from './wrappers.ts';

/**
 * Decides every file of a tree whose programs run unedited in a view of a staged root. Reads the root, writes nothing.
 * Throws `FlixError` for a request that cannot be met.
 */
export function makeWrapPlan(request: PlanRequest, given: WrapChoices): Plan {
  const view = request.roots[0]!;
  const binds = given.binds.map(({ host, inside, readOnly }) => ({
    host,
    inside: settled(view, inside),
    readOnly,
  }));
  const choices = { ...given, binds };
  const { name, prefix } = request;
  const claims = new Claims();
  const added = addOverlays(request, claims);
  const requested = readRequest(request, claims);
  const opens = ({ view: root, real }: LoadedObject) => openedNamesIn(root, real).map(opened => opened.name);
  const resolve = resolver(request.lookups, { ...request.resolveOptions, opens });
  const remembered = memoised((_, path) => resolve(path));
  const closureOf = (path: string) => remembered(view, path);

  const chosen = formOf(request, requested, choices, closureOf);
  const isHosts = hostPlaces(chosen.form, chosen.own);
  // a driver that comes with a directory would hide that of the host
  const skip = (path: string) => request.skip(path) || isHostsDriver(path, request.excluded);
  const staged = new StagedRoot(view, claims, prefix, isHosts, skip);
  const bound = [...hostData(chosen.own), ...binds.map(({ inside }) => inside)];
  const isProvided = (path: string) => isHosts(path) || bound.some(directory => within(directory, path));
  for (const file of request.packages?.files ?? []) claims.claim(file);
  const { closures, needs, remarks, isBridged } = stage(
    request,
    staged,
    requested.shown,
    chosen,
    choices.trim,
    closureOf,
    isProvided,
    new Defaults(view, claims, name),
  );
  if (choices.trim) refusePacked(claims.sorted());
  const loaders = loadersOf(closures);
  const cache = claimLoaderFiles(claims, staged, view, loaders, isHosts);
  const mounts = mountsOf({ form: chosen.form, prefix, own: chosen.own, binds, cache, hostsUsr: isBridged });
  const wrapping: Wrapping = { name, prefix, form: chosen.form, runner: choices.runner, mounts };
  claimViewFiles(claims, staged, wrapping);
  const programs = staged.placed.flatMap(({ role, path }) => (role === 'program' ? [path] : []));
  const helpers = [...requested.helpers, ...stagedHelpers(view, request.packages, programs)];
  const judged = claimWrappers(claims, { ...requested, helpers }, wrapping, view);
  const started = new Set(startedPrograms(view, requested.shown).map(path => closureOf(path).entry.id));
  const architecture = architectureOf(closures.filter(({ closure }) => started.has(closure.entry.id)));
  claimMetadata(claims, request, architecture);
  const licences = request.sbom ? claimLicences(claims, prefix) : undefined;
  const files = claims.sorted();
  const unshown = needRemarks(needs, {
    view,
    placeOf: file => staged.place(file),
    code: 'names-unshown',
    lacks: 'the view does not show',
    unless: 'or show the host’s with --bind-ro',
  });
  return {
    name,
    prefix,
    seal: 'none',
    wrapped: {
      wrapping,
      because: chosen.because,
      whole: !choices.trim,
      needs: hostPrograms(choices.runner),
      loaders: stagedLoaders(closures, plannedView(files, prefix)),
    },
    architecture,
    loader: undefined,
    entries: requested.entries.map(({ target }) => target),
    files,
    expected: [],
    openings: openingsOf(
      loaders,
      staged,
      requested.entries.map(({ target }) => target),
      requested.units.some(({ native }) => native),
    ),
    remarks: [
      ...request.earlierRemarks,
      ...added,
      // only a wrapper at its path replaces an interpreter of the host
      ...(request.packages?.remarks ?? []).filter(
        ({ code, file }) =>
          code !== REPLACES_INTERPRETER || requested.entries.some(({ target }) => target === file),
      ),
      ...requested.remarks,
      ...remarks,
      ...unshown,
      ...loginRemarks(files, closures),
      ...loaders.flatMap(loader =>
        nameServiceRemarks({
          root: view,
          host: request.host,
          loader,
          closures,
          files,
          excluded: request.excluded,
        }),
      ),
      ...judged,
      ...(licences?.remarks ?? []),
    ],
    needs,
    closures: closures.map(({ closure }) => closure),
    ...(licences && { licences: licences.licences }),
  };
}

/** Claims the files of the overlays, which are the host's to see, like the wrappers. */
function addOverlays({ overlays, roots }: PlanRequest, claims: Claims): Remark[] {
  return overlays.flatMap(overlay => {
    const { placed, remarks } = gatherOverlay(overlay, claims, roots);
    const dynamic = placed.filter(({ path }) => objectAt(overlay, path).facts?.dynamic);
    const unwrapped = dynamic.map(({ target }) => ({
      code: 'overlay-unedited',
      file: target,
      message: 'copied from the overlay as it is: it loads the libraries of the host',
    }));
    return [...remarks, ...unwrapped];
  });
}

function formOf(
  { roots, excluded }: PlanRequest,
  { shown }: RequestedFiles,
  choices: WrapChoices,
  closureOf: (path: string) => PlacedClosure['closure'],
): ChosenForm {
  const view = roots[0]!;
  const started = startedPrograms(view, shown).map(closureOf);
  const loaded = started.flatMap(closure => [...reachable(closure, closure.entry, excluded)]);
  const needed = [...shown, ...loaded].map(({ real }) => real);
  const chosen = chooseForm(
    view,
    choices,
    needed,
    started.flatMap(({ loader }) => loader ?? []),
  );
  refuseHosts(shown, loaded, hostPlaces(chosen.form, chosen.own));
  return chosen;
}
