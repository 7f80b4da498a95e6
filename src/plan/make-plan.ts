import type { ElfFacts } from '../elf/facts.ts';
import { FlixError } from '../errors.ts';
import type { Closure } from '../resolve/closure.ts';
import type { ResolveOptions } from '../resolve/options.ts';
import { resolver } from '../resolve/resolve.ts';
import type { View } from '../view/view.ts';
import { systemdArchitecture } from './architecture.ts';
import { Claims } from './claims.ts';
import { type FileEdits, editsOf } from './edits.ts';
import { expectedClosures } from './expected.ts';
import { Gathering, type PathRequest, type Placed } from './gather.ts';
import { gatherTree } from './gather-tree.ts';
import { wantedLibraries } from './library-names.ts';
import { judgeMissing, type PlacedClosure } from './missing.ts';
import type { Opening, Plan, Remark } from './plan.ts';
import { firstPlace, gathered, inPlace, type Places } from './places.ts';
import { claimPrivateDirectory } from './private-directory.ts';
import { chooseRecipe } from './recipe.ts';
import { soleLoader } from './sole-loader.ts';

export interface PlanRequest {
  readonly name: string;
  readonly prefix: string;
  readonly seal: 'auto' | 'none';
  /** A DESTDIR tree that is completed; `undefined`: paths of a whole root are brought to a new tree. */
  readonly tree: View | undefined;
  /** Where files are taken from, the first root first. */
  readonly roots: readonly View[];
  /** What the loader would see, in the order in which lookups try them. */
  readonly lookups: readonly View[];
  readonly resolveOptions: ResolveOptions;
  readonly paths: readonly PathRequest[];
  readonly includes: readonly PathRequest[];
  /** Libraries that are opened at run time by name, and brought too. */
  readonly dlopen: readonly string[];
  readonly excluded: (name: string) => boolean;
  readonly strict: boolean;
  /** Directories of the roots that are not looked into: the output. */
  readonly skip: (path: string) => boolean;
}

/** glibc opens it by itself, for pthread_exit, cancellation and backtrace (sysdeps/gnu/unwind-resume.c). */
const OPENED_BY_GLIBC = 'libgcc_s.so.1';

/** Decides every file of the tree. Reads the roots, writes nothing. Throws `FlixError` for all that cannot be. */
export function makePlan(request: PlanRequest): Plan {
  const claims = new Claims();
  const { placed, places, remarks } = gather(request, claims);
  const resolve = resolver(request.lookups, request.resolveOptions);
  const closures = placed.map(({ role, path, target }): PlacedClosure => ({
    role,
    target,
    closure: resolve(path),
  }));
  remarks.push(...judgeMissing(closures, request.excluded, request.strict));

  const usable = closures.filter(({ closure }) => !closure.fatal);
  const loader = soleLoader(usable);
  const openings: Opening[] = [];
  let loaderTarget: string | undefined;
  const targets = new Map<string, string>(usable.map(({ target, closure }) => [closure.entry.id, target]));
  if (loader) {
    const opened = openedAtRunTime(request, placed);
    const wanted = wantedLibraries([...usable.map(({ closure }) => closure), ...opened], request.excluded);
    const recipe = chooseRecipe(request, loader, programFacts(usable));
    openings.push(...recipe.openings);
    const edits: FileEdits = { recipe, places, claims, targets };
    const directory = claimPrivateDirectory(
      claims,
      wanted,
      loader,
      recipe.placement,
      recipe.loaderEdits,
      places,
      (object, target) => editsOf(edits, object, target),
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
  }
  const architecture = architectureOf(closures);
  claims.claim({
    target: `/usr/lib/extension-release.d/extension-release.${request.name}`,
    role: 'metadata',
    content: { kind: 'text', text: extensionRelease(architecture) },
    why: 'systemd-sysext merges no tree without it',
  });
  return {
    name: request.name,
    prefix: request.prefix,
    seal: request.seal,
    architecture,
    loader: loaderTarget,
    entries: placed.filter(({ role }) => role === 'entry').map(({ target }) => target),
    files: claims.sorted(),
    expected: loader ? expectedClosures(usable, targets, request.excluded) : [],
    openings,
    remarks,
    closures: closures.map(({ closure }) => closure),
  };
}

function gather(
  request: PlanRequest,
  claims: Claims,
): { placed: Placed[]; places: Places; remarks: Remark[] } {
  const { tree, roots, skip } = request;
  const source = roots[0]!;
  const gathering = new Gathering(source, claims, skip);
  const places: Places[] = [gathered(source, gathering)];
  const placed: Placed[] = [];
  const remarks: Remark[] = [];
  if (tree) {
    const entries = request.paths.map(({ source: path }) => path);
    const inTree = gatherTree(tree, claims, entries, skip);
    placed.push(...inTree.placed);
    remarks.push(...inTree.remarks);
    places.unshift(inPlace(tree));
  } else for (const path of request.paths) gathering.add(path, 'asked for');
  for (const path of request.includes) gathering.add(path, 'included');
  gathering.settle();
  placed.push(...gathering.placed);
  return { placed, places: firstPlace(places), remarks: [...remarks, ...gathering.remarks] };
}

/** Closures of the programs with what they open at run time in front; only the first program needs glibc's own. */
function openedAtRunTime(request: PlanRequest, placed: readonly Placed[]): Closure[] {
  const programs = placed.filter(({ role }) => role !== 'object');
  const resolve = resolver(request.lookups, {
    ...request.resolveOptions,
    preload: [OPENED_BY_GLIBC, ...request.dlopen],
  });
  const closures = (programs.length > 0 ? programs : placed)
    .slice(0, request.dlopen.length > 0 ? undefined : 1)
    .map(({ path }) => resolve(path));
  for (const name of request.dlopen)
    if (
      closures.every(({ missing }) =>
        missing.some(lacking => lacking.tag === 'preload' && lacking.name === name),
      )
    )
      throw new FlixError(
        'missing',
        'missing-library',
        `${name}, asked for by --dlopen, is in none of the roots`,
      );
  return closures;
}

function programFacts(closures: readonly PlacedClosure[]): ElfFacts[] {
  return closures.filter(({ role }) => role !== 'object').map(({ closure }) => closure.entry.facts);
}

function editPlaced(claims: Claims, edits: FileEdits, target: string, closure: Closure): void {
  const file = claims.get(target);
  if (file?.content.kind !== 'copy') return;
  claims.replace({
    ...file,
    content: { ...file.content, edits: editsOf(edits, closure.entry, target) },
  });
}

function architectureOf(closures: readonly PlacedClosure[]): string | undefined {
  const first = closures[0];
  if (!first) return undefined;
  const architecture = systemdArchitecture(first.closure.entry.facts.header);
  for (const { target, closure } of closures)
    if (systemdArchitecture(closure.entry.facts.header) !== architecture)
      throw new FlixError(
        'input',
        'mixed-architectures',
        `${first.target} is for ${architecture}, ${target} for ${systemdArchitecture(closure.entry.facts.header)}`,
        'An extension declares one ARCHITECTURE=. Vendor them apart.',
      );
  return architecture;
}

function extensionRelease(architecture: string | undefined): string {
  return `ID=_any\n${architecture === undefined ? '' : `ARCHITECTURE=${architecture}\n`}`;
}
