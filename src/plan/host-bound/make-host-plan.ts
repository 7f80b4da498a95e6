import type { LibraryChoice, ManifestHost, Remark } from '../../manifest/manifest.ts';
import type { JudgedNeed } from '../../needs/need.ts';
import { reaches } from '../../needs/need.ts';
import { manifestPath } from '../../manifest/manifest.ts';
import type { Closure, LoadedObject } from '../../resolve/closure.ts';
import { resolver } from '../../resolve/resolve.ts';
import type { View } from '../../view/view.ts';
import { bringNeeds, byStrength, type GrowingTree, scriptsAmong } from '../bring-needs.ts';
import { Claims } from '../claims.ts';
import { isOptional, type PlacedClosure } from '../closures.ts';
import { expectedOf } from '../expected.ts';
import { gatherRequest } from '../gather.ts';
import type { Placed } from '../gathering.ts';
import { hostedTree, placedResolver } from '../hosted-tree.ts';
import { claimLicences } from '../licences.ts';
import { claimMetadata } from '../metadata.ts';
import { missingInterpreters, needRemarks, placeIn } from '../need-remarks.ts';
import { claimNeighbours } from '../neighbours.ts';
import { judgeOpenedNames } from '../opened-names.ts';
import type { Plan } from '../plan.ts';
import { Redirects } from '../redirects.ts';
import type { PlanRequest } from '../request.ts';
import { architectureOf } from '../sole-loader.ts';
import { chooseLibraries, type ChosenLibraries } from './choose-libraries.ts';
import { claimOf, claimRemarks, refuseContradiction, refuseDifferentIds } from './claim.ts';
import { evaluate } from './evaluate.ts';
import { expectationsOf } from './expectations.ts';
import { type Host, hostsOf, listOf } from './host.ts';
import { HostFiles, isOnEveryHost, leaveToHosts, leftRemarks } from './host-files.ts';
import type { Subject } from './problems.ts';
import { moveRemarks, movesOn } from './prefix.ts';
import { refuseUnsolved } from './refusals.ts';
import { privateLibraries, type Selection, withLibraries } from './selection.ts';

/**
 * Decides every file of a tree whose programs run under the loader of given hosts: the tree brings only what one of the
 * hosts lacks. Reads the roots and hosts, writes nothing. Throws `FlixError` for a request that cannot be met.
 */
export function makeHostPlan(
  request: PlanRequest,
  given: readonly View[],
  perHost?: ManifestHost['perHost'],
): Plan {
  const hosts = hostsOf(given);
  refuseDifferentIds(hosts);
  const claims = new Claims();
  // files of a DESTDIR tree keep their paths
  const moves = request.tree ? new Map<string, string>() : movesOn(hosts.map(({ view }) => view));
  const gatherer = gatherRequest(request, claims, moves);
  const asked = new Set(scriptsAmong(claims.sorted()).map(({ path }) => path));
  const resolve = placedResolver(request);
  const directory = `${request.prefix}/lib`;
  const libraryRequest = (placed: readonly Placed[]) => {
    const subjects = subjectsOf(placed, resolve(placed), request.strict);
    return {
      files: claims.sorted(),
      subjects,
      openedBy: openedSubjects(request, subjects),
      hosts,
      places: { directory, placeOf: gatherer.placeOf },
      excluded: request.excluded,
      staged: stagedLibraries(request, subjects),
    };
  };
  const isKept = ({ target }: Placed) => {
    const file = claims.get(target);
    return file !== undefined && !isOnEveryHost(file, hosts);
  };
  const hostFiles = new HostFiles(hosts, request.lookups[0]!, request.skip);
  // the tree brings no interpreter that a host has, so none has to move
  const redirects = new Redirects(request, request.lookups[0]!);
  const hosted = hostedTree(request, claims, gatherer, new Map(), resolve, redirects);
  const growing: GrowingTree = {
    ...hosted,
    refuses: need =>
      need.owner === 'host'
        ? 'programs of the host load files from there too; bring it with --include if none of them does'
        : (hosted.refuses(need) ?? (need.strength === 'required' ? undefined : hostFiles.refuses(need))),
    provides: (need, path) => hostFiles.provides(need, path),
    subjects() {
      const placed = gatherer.placed().filter(isKept);
      const libraryChoice = libraryRequest(placed);
      const libraries = [...new Set(chooseLibraries(libraryChoice).selection.libraries.values())];
      const own = libraryChoice.subjects.map(({ staged, optional }) => ({
        object: staged.entry,
        optional,
      }));
      const objects = [...own, ...libraries.map(object => ({ object, optional: false }))];
      const scripts = scriptsAmong(claims.sorted().filter(file => !isOnEveryHost(file, hosts)));
      return [
        ...objects.map(({ object, optional }) => {
          const { view, path } = object.view.source(object.real);
          return { view, path, optional };
        }),
        ...scripts.map(({ view, path }) => ({ view, path, optional: !gatherer.scripts.has(path) })),
      ];
    },
  };
  const needs = bringNeeds(growing, request.needs);
  const gathered = gatherer.finish();
  const left = leaveToHosts(claims, hosts);
  const isLeft = new Set(left);
  const placed = gathered.placed.filter(({ target }) => !isLeft.has(target));
  const remarks: Remark[] = [
    ...gathered.remarks.filter(({ file }) => !isLeft.has(file)),
    ...request.earlierRemarks,
    ...leftRemarks(request.name, left, hosts),
    ...moveRemarks(moves, claims.sorted()),
  ];

  const libraries = libraryRequest(placed);
  const chosen = chooseLibraries(libraries);
  remarks.push(...refuseUnsolved(chosen.closures, request.strict));
  const closures = libraries.subjects.map(placedClosure);
  const isProvided = (name: string) =>
    libraries.subjects.some(({ staged: { loader } }) =>
      hosts.every(host => loader && host.find(loader.path, name) !== undefined),
    );
  const names = judgeOpenedNames(
    closures.map(closure => ofTree(closure, libraries.subjects, chosen.selection)),
    [],
    gatherer.placeOf,
    request.excluded,
    request.needs,
  );
  remarks.push(...names.remarks.filter(({ opened }) => opened === undefined || !isProvided(opened)));
  needs.push(...names.needs.flatMap(need => judgedName(need, chosen.selection, isProvided)));

  for (const file of withLibraries(
    claims.sorted(),
    chosen.selection,
    libraries.places,
    name => chosen.whyOf(name).text,
  ))
    if (claims.get(file.target)) claims.replace(file);
    else claims.claim(file);
  remarks.push(
    ...claimNeighbours(
      claims,
      directory,
      privateLibraries(chosen.selection, libraries.places).map(({ object, names: known }) => ({
        object,
        names: known,
        requester: object,
        preloaded: false,
      })),
      gatherer.placeOf,
    ),
  );
  const architecture = architectureOf(closures);
  const expectations = expectationsOf(chosen.closures);
  const expectedFiles = filesOfHosts(needs, left).filter(path => hostFiles.have(path));
  const usesHost =
    expectations.libraries.length + expectations.interpreters.length + expectedFiles.length > 0;
  const claim = claimOf(hosts, usesHost, perHost);
  refuseContradiction(claims, request.name, claim, hosts);
  claimMetadata(claims, request, architecture, claim.lines);
  remarks.push(...claimRemarks(request.name, claim, hosts));
  const licences = request.sbom ? claimLicences(claims, request.prefix) : undefined;
  remarks.push(...(licences?.remarks ?? []));
  const files = claims.sorted();
  const scripts = scriptsAmong(files).filter(({ path }) => asked.has(path));
  remarks.push(
    ...missingInterpreters(scripts, request.lookups[0]!),
    ...needRemarks(needs, { ...ON_GIVEN_HOSTS, view: request.lookups[0]!, placeOf: placeIn(files) }),
  );
  const interpreter = libraries.subjects.find(({ file }) => file.role !== 'object')?.staged.loader?.path;
  // the manifest is the only file that is not planned, and no loader opens it
  const finished = evaluate(files, libraries.subjects, hosts, request.excluded);
  return {
    name: request.name,
    prefix: request.prefix,
    seal: 'none',
    wrapped: undefined,
    bound: {
      host: {
        claim: claim.lines.join(' '),
        covers: claim.isComplete,
        ...(perHost && { perHost }),
        hosts: hosts.map(({ label }) => label),
        ...expectations,
        files: expectedFiles.filter(path => path !== manifestPath(request)),
        choices: choicesOf(chosen, hosts),
      },
      hosts: hosts.map(host => ({
        label: host.label,
        view: host.view,
        interpreter,
        expected: finished
          .filter(closure => closure.host === host && !closure.closure.fatal)
          .map(({ subject, closure }) => expectedOf(subject.file.target, closure, subject.optional)),
      })),
    },
    architecture,
    loader: undefined,
    entries: gathered.entries.filter(target => !isLeft.has(target)),
    files,
    expected: [],
    openings: [],
    remarks,
    needs: needs.sort(byStrength),
    closures: closures.map(({ closure }) => closure),
    ...(licences && { licences: licences.licences }),
  };
}

/** Describes a tree whose programs run on known hosts. */
const ON_GIVEN_HOSTS = {
  code: 'names-absent',
  lacks: 'neither the tree nor every host has',
  unless: 'if the programs use it',
} as const;

/** Returns the placed files that a loader loads, by target. */
function subjectsOf(
  placed: readonly Placed[],
  resolve: (file: Placed) => Closure,
  strict: boolean,
): Subject[] {
  return [...placed]
    .sort((a, b) => (a.target < b.target ? -1 : 1))
    .map(file => ({ file, optional: isOptional(file) && !strict, opened: [], staged: resolve(file) }))
    .filter(({ staged: { entry } }) => entry.facts.dynamic !== undefined);
}

function placedClosure({ file, staged }: Subject): PlacedClosure {
  return { role: file.role, target: file.target, closure: staged, optional: isOptional(file) };
}

/** Leaves out the names that libraries of the host open: they find their own. */
function ofTree(
  closure: PlacedClosure,
  subjects: readonly Subject[],
  { libraries }: Selection,
): PlacedClosure {
  const own = new Set([
    ...subjects.map(({ staged }) => staged.entry.id),
    ...[...libraries.values()].map(({ id }) => id),
  ]);
  const openedNames = closure.closure.openedNames.filter(({ caller }) => own.has(caller.id));
  return { ...closure, closure: { ...closure.closure, openedNames } };
}

/**
 * Returns the function that adds the files which open libraries at run time, with these libraries: those of `--dlopen`,
 * and those that evidence points to.
 */
function openedSubjects(
  { lookups, resolveOptions, dlopen, excluded, needs }: PlanRequest,
  subjects: readonly Subject[],
): (selection: Selection) => Subject[] {
  const known = new Map<string, Subject>();
  return selection =>
    subjects.flatMap(subject => {
      const { brought } = judgeOpenedNames(
        [ofTree(placedClosure(subject), subjects, selection)],
        [],
        () => undefined,
        excluded,
        needs,
      );
      const ofProgram = subject.file.role === 'object' ? [] : dlopen;
      const opened = [...new Set([...ofProgram, ...brought.map(({ name }) => name)])].sort();
      if (opened.length === 0) return [];
      const key = [subject.file.target, ...opened].join('\0');
      let found = known.get(key);
      if (!found) {
        const libraryLoader = subject.staged.loader;
        const resolve = resolver(lookups, { ...resolveOptions, libraryLoader, opened });
        found = { ...subject, opened, optional: ofProgram.length === 0, staged: resolve(subject.file.path) };
        known.set(key, found);
      }
      return [found];
    });
}

/** Returns the function that finds a library in the staging roots. */
function stagedLibraries(
  { lookups, resolveOptions }: PlanRequest,
  subjects: readonly Subject[],
): (name: string, subject: Subject) => LoadedObject | undefined {
  const isCalled = (name: string) => (object: LoadedObject) =>
    object.names.has(name) || object.facts.dynamic?.soname === name;
  const loadedIn = ({ staged }: Subject, name: string) =>
    staged.objects.find(object => object !== staged.entry && isCalled(name)(object));
  const searched = new Map<string, LoadedObject | undefined>();
  return (name, subject) => {
    const own = loadedIn(subject, name);
    if (own) return own;
    if (!searched.has(name)) {
      const other = subjects.map(each => loadedIn(each, name)).find(Boolean);
      const libraryLoader = subject.staged.loader;
      const open = () => {
        const options = { ...resolveOptions, libraryLoader, opened: [name] };
        const { entry } = resolver(lookups, options)(subject.file.path);
        return entry.edges.find(edge => edge.tag === 'preload' && edge.name === name)?.to;
      };
      searched.set(name, other ?? open());
    }
    return searched.get(name);
  };
}

/** Returns what becomes of a name that a file of the tree opens at run time. */
function judgedName(
  need: JudgedNeed,
  { libraries }: Selection,
  isProvided: (name: string) => boolean,
): JudgedNeed[] {
  if (libraries.has(need.what)) return [{ ...need, verdict: 'brought' }];
  return isProvided(need.what) ? [{ ...need, verdict: 'provided by every host', size: () => 0 }] : [need];
}

/** Returns the files that the tree expects of its hosts, in C order. */
function filesOfHosts(needs: readonly JudgedNeed[], left: readonly string[]): string[] {
  const needed = needs.filter(
    ({ verdict, strength, what }) =>
      verdict === 'provided by every host' && reaches(strength, 'recommended') && what.startsWith('/'),
  );
  return [...new Set([...needed.map(({ what }) => what), ...left])].sort();
}

/** Returns where each library comes from that files of the tree need, by name. */
function choicesOf(
  { selection: { libraries }, closures, whyOf }: ChosenLibraries,
  hosts: readonly Host[],
): LibraryChoice[] {
  const choices = new Map<string, LibraryChoice>();
  for (const name of libraries.keys()) {
    const { text, pin } = whyOf(name);
    choices.set(name, { name, from: 'tree', because: text, ...(pin && { package: pin }) });
  }
  const providers = hosts.map(({ label }) => label);
  const because =
    hosts.length === 1
      ? `${listOf(providers)} provides it`
      : 'every host provides it with all that is needed';
  for (const { closure, isOurs } of closures)
    for (const object of closure.objects.filter(isOurs))
      for (const { name, to } of object.edges)
        if (to && !isOurs(to) && !choices.has(name)) choices.set(name, { name, from: 'host', because });
  return [...choices.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
