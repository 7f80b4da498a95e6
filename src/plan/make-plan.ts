import type { ElfFacts } from '../elf/facts.ts';
import type { Closure } from '../resolve/closure.ts';
import { resolver } from '../resolve/resolve.ts';
import { Claims } from './claims.ts';
import { resolvePlaced } from './closures.ts';
import { editsOf, type FileEdits } from './edits.ts';
import { expectedClosures } from './expected.ts';
import { architectureOf } from './extension-release.ts';
import { gatherRequest } from './gather-request.ts';
import { wantedLibraries } from './library-names.ts';
import { claimMetadata } from './metadata.ts';
import type { PlacedClosure } from './missing.ts';
import { openedAtRunTime, refuseDlopen } from './opened-at-run-time.ts';
import { claimOpenedByName, searchedInTree } from './opened-by-name.ts';
import type { Plan } from './plan.ts';
import type { Opening } from '../manifest/manifest.ts';
import { claimPrivateDirectory } from './private-directory.ts';
import { chooseRecipe } from './recipe.ts';
import type { PlanRequest } from './request.ts';
import { soleLoader } from './sole-loader.ts';

/** Decides every file of the tree. Reads the roots, writes nothing. Throws `FlixError` for all that cannot be. */
export function makePlan(request: PlanRequest): Plan {
  const claims = new Claims();
  const { placed, places, entries, remarks } = gatherRequest(request, claims);
  const resolve = resolver(request.lookups, request.resolveOptions);
  const { closures, remarks: judged } = resolvePlaced(request, placed, resolve);
  remarks.push(...request.earlierRemarks, ...judged);

  const usable = closures.filter(({ closure }) => !closure.fatal);
  const loader = soleLoader(usable);
  if (!loader) refuseDlopen(request.dlopen);
  const openings: Opening[] = [];
  let loaderTarget: string | undefined;
  const targets = new Map<string, string>(usable.map(({ target, closure }) => [closure.entry.id, target]));
  if (loader) {
    const opened = openedAtRunTime(request, usable);
    const wanted = wantedLibraries([...usable.map(({ closure }) => closure), ...opened], request.excluded);
    const recipe = chooseRecipe(request, loader, programFacts(usable));
    openings.push(...recipe.openings);
    const edits: FileEdits = { recipe, targets };
    const directory = claimPrivateDirectory(
      claims,
      wanted,
      loader,
      recipe.placement,
      recipe.loaderEdits,
      places,
      object => editsOf(edits, object),
    );
    loaderTarget = directory.loader;
    for (const [id, target] of directory.targets) targets.set(id, target);
    if (recipe.pathFile)
      claims.claim({
        target: recipe.pathFile.path,
        role: 'metadata',
        content: { kind: 'text', text: recipe.pathFile.content },
        why: 'where the private loader searches',
      });
    for (const { target, closure } of usable) editPlaced(claims, edits, target, closure);
    const objects = new Set(usable.flatMap(({ closure }) => closure.objects));
    claimOpenedByName(
      claims,
      recipe.placement.libraryDirectory,
      searchedInTree(request.lookups, loader, objects, places),
    );
  }
  const architecture = architectureOf(closures);
  claimMetadata(claims, request, architecture);
  return {
    name: request.name,
    prefix: request.prefix,
    seal: request.seal,
    wrapped: undefined,
    architecture,
    loader: loaderTarget,
    entries,
    files: claims.sorted(),
    expected: loader ? expectedClosures(usable, targets, request.excluded) : [],
    openings,
    remarks,
    closures: closures.map(({ closure }) => closure),
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
