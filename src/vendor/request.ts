import { resolve as resolvePath } from 'node:path';
import { FlixError } from '../errors.ts';
import { compileGlob } from '../glob.ts';
import { checkImageName } from '../systemd/image-name.ts';
import { clearedEarlier, originalTree } from '../plan/earlier.ts';
import { followNamed } from '../plan/source.ts';
import { defaultPrefix, type Excluded, type PathRequest, type PlanRequest } from '../plan/request.ts';
import { reasonForHostsDriver } from '../needs/drivers.ts';
import type { Strength } from '../needs/need.ts';
import { directoryView } from '../view/directory.ts';
import { follow } from '../view/follow.ts';
import { layeredView } from '../view/layers.ts';
import { objectAt } from '../view/object.ts';
import { walk } from '../view/walk.ts';
import { manifestPath } from '../manifest/manifest.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import { readOsRelease, rootLabel } from '../view/os-release.ts';
import { basename, join, normalise, within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { hwcapsLevel } from '../resolve/hwcaps.ts';
import { prefixOn } from '../plan/host-bound/prefix.ts';
import { planPackages } from '../plan/packages/package-plan.ts';
import { chooseName } from './name.ts';
import { packageChoices, type PackageOptions, readRpm } from './packages.ts';
import { absolutePath, type ExcludedPaths, excludedPaths, notEmpty, requiredPaths } from './paths.ts';
import { type ModeRequest, modeRequest, type WrapOptions } from './wrap-choices.ts';
import { checkOutput, skipOutput } from './output.ts';

/** The options of a run, as the user gave them. */
export interface VendorOptions extends WrapOptions, PackageOptions {
  readonly name?: string | undefined;
  readonly out?: string | undefined;
  readonly staging: readonly string[];
  readonly prefix?: string | undefined;
  readonly include: readonly string[];
  /** Included because a run of the programs used them. */
  readonly seen: readonly string[];
  /** Directories of this machine. */
  readonly overlay: readonly string[];
  readonly exclude: readonly string[];
  /** Each is `GLOB=REASON`. */
  readonly excludeLib: readonly string[];
  /** Directories of the root. */
  readonly libraryPath: readonly string[];
  readonly dlopen: readonly string[];
  readonly hwcaps?: string | undefined;
  readonly strict: boolean;
  readonly sbom?: boolean;
  /** Default: `recommended` for packages, else `required`. */
  readonly needs?: Strength | undefined;
  /** The hosts for which the tree is made: several only in host-bound mode. */
  readonly hosts?: readonly View[];
}

/** What to plan, and where the result goes. */
export interface VendorRequest {
  /** For Flix mode. */
  readonly plan: PlanRequest;
  /** The same for Flatwrap mode. */
  readonly wrapPlan: PlanRequest;
  readonly mode: ModeRequest;
  /** An absolute path of this machine. */
  readonly out: string;
  /** The result replaces the DESTDIR tree itself. */
  readonly inPlace: boolean;
  /** The directories of this machine that files are taken from. */
  readonly stagingPlaces: readonly string[];
  /** How the name was chosen, for the user. */
  readonly nameFrom: string;
  /** The `--exclude` patterns that match nothing. */
  readonly unusedExcludes: readonly string[];
  /** Why the packages of a root are unknown. */
  readonly unread: FlixError | undefined;
  /** Whether an `--exclude` pattern matches a file itself, not a directory that it is in. */
  readonly isExcluded: (path: string) => boolean;
  /** Labels roots for the manifest, each differently and independently of this machine. */
  readonly labelOf: (view: View) => string;
}

/** The label of the tree's own files. */
const TREE = 'tree';
const OVERLAY = 'overlay';

/** Turns the command line of `flix vendor` into a request. Throws `FlixError` for contradictory options. */
export async function vendorRequest(
  root: string,
  paths: readonly string[],
  options: VendorOptions,
): Promise<VendorRequest> {
  const given = directoryView(root, { staged: true });
  const whole = readOsRelease(given) !== undefined;
  if (whole && paths.length === 0 && options.package.length === 0 && options.overlay.length === 0)
    throw new FlixError(
      'input',
      'no-path',
      `${root} is a whole root (it has an os-release): name what to take from it`,
      `flix vendor ${root} /usr/bin/PROGRAM, or flix vendor ${root} --package NAME`,
    );
  if (whole && options.staging.length > 0)
    throw new FlixError(
      'input',
      'staging-of-root',
      `${root} is a whole root, and everything is taken from it`,
      '--staging completes a tree of make install DESTDIR=….',
    );
  if (!whole) refuseWholeRoot(root, given);
  const mode = modeRequest(options, given, whole, options.hosts);
  const present = directoryView(root, { label: root });
  const tree = whole ? undefined : originalTree(present, TREE);
  const stagingPlaces = whole ? [root] : options.staging.length > 0 ? options.staging : ['/'];
  const staging = whole
    ? [given]
    : stagingPlaces.map(directory => directoryView(directory, { staged: true }));
  const unread = await readRpm(staging);
  // if rpm cannot read the database of a host, no package of this host is known
  if (mode.mode === 'host-bound') await readRpm(mode.hosts);
  if (unread && (options.package.length > 0 || options.sbom)) throw unread;
  const chosen = packageChoices(options, given, whole);
  const overlays = options.overlay.map(openOverlay);
  const exclude = await excludedPaths(tree ? [tree, ...staging] : staging, options.exclude);
  const requests = withoutExcluded(await requiredPaths(given, paths, 'the path'), exclude);
  for (const { source } of requests) followNamed(given, source);
  if (tree) refuseTargets(requests);
  const { name, from } = chooseName(options.name ?? chosen?.named[0]?.name, given, !whole, requests, {
    views: staging,
    skip: exclude.has,
  });
  checkImageName(name);
  const out = resolvePath(notEmpty(options.out ?? (whole ? name : root), '--out'));
  const inPlace = !whole && out === resolvePath(root);
  checkOutput(out, [...overlays, ...(inPlace ? staging : [given, ...staging])]);
  const includes = withoutExcluded(
    [
      ...(await requiredPaths(staging[0]!, options.include, '--include')),
      ...(await requiredPaths(staging[0]!, options.seen, '--seen', true)),
    ],
    exclude,
  );
  const isOutput = skipOutput(tree ? [tree, ...staging] : staging, out, name);
  const above = [...overlays, ...(tree ? [tree] : [])];
  const lookups =
    above.length > 0
      ? staging.map(view => layeredView([...above, view], `${above[0]!.label} over ${view.label}`))
      : staging;
  const skip = (path: string) => isOutput(path) || exclude.has(path);
  const prefix = privateDirectory(options.prefix ?? prefixOn(options.hosts ?? [], name), name);
  const packages = chosen && planPackages({ ...chosen, name, prefix, skip });
  const plan: PlanRequest = {
    name,
    prefix,
    seal: options.seal,
    tree,
    overlays,
    roots: staging,
    lookups,
    resolveOptions: {
      // whoever adds libraries to a root runs ldconfig there
      cache: tree || overlays.some(hasLibrary) ? 'foresee' : true,
      prefer: tree ?? overlays[0],
      preloadFile: false,
      libraryPath: libraryDirectories(options.libraryPath, lookups),
      hwcaps: hwcapsLevel(options.hwcaps),
    },
    paths: requests,
    packages,
    earlierRemarks: inPlace ? clearedEarlier(present) : [],
    includes,
    dlopen: options.dlopen.map(library => notEmpty(library, '--dlopen')),
    needs: options.needs ?? (options.package.length > 0 ? 'recommended' : 'required'),
    excluded: exclusions(options.excludeLib),
    strict: options.strict,
    host: options.hosts?.[0],
    sbom: options.sbom ?? false,
    skip,
  };
  return {
    out,
    inPlace,
    stagingPlaces,
    mode,
    nameFrom: chosen ? '--package' : from,
    unusedExcludes: exclude.unused,
    unread,
    isExcluded: exclude.names,
    labelOf: labels(tree, overlays, staging),
    plan,
    // the view does not show the overlays
    wrapPlan:
      overlays.length === 0
        ? plan
        : { ...plan, lookups: staging, resolveOptions: { ...plan.resolveOptions, cache: true } },
  };
}

/** Opens a directory of `--overlay`. Throws `FlixError` if it contains nothing that an extension may contain, or anything else. */
function openOverlay(directory: string): View {
  const view = directoryView(notEmpty(directory, '--overlay'), { label: directory });
  const names = [...view.list('/').keys()];
  const outside = names.find(name => name !== 'usr' && name !== 'opt');
  if (outside !== undefined)
    throw new FlixError(
      'input',
      'target-outside',
      `--overlay ${directory} contains ${outside}, but a system extension merges only usr and opt`,
      outside === 'etc'
        ? 'Put the files below usr/share, and let systemd-tmpfiles copy or link them to /etc (docs/services.md).'
        : 'Put the files below usr: a library into usr/lib, a program into usr/bin.',
    );
  if (names.length === 0)
    throw new FlixError(
      'input',
      'empty-overlay',
      `--overlay ${directory} is empty`,
      'Put each file where the host is to see it, such as usr/lib/systemd/system/NAME.service.',
    );
  const [made] = manifestsIn(view);
  if (made)
    throw new FlixError(
      'input',
      'overlay-is-result',
      `--overlay ${directory} is a tree that flix made (${manifestPath(made)})`,
      'Make an extension of its own of it: flix pack ' + directory,
    );
  return view;
}

function hasLibrary(view: View): boolean {
  return [...walk(view, '/')].some(
    ({ path, kind }) => kind === 'file' && objectAt(view, path).facts?.dynamic !== undefined,
  );
}

/** Throws `FlixError` for a directory that no root has: LD_LIBRARY_PATH would ignore it in silence. */
function libraryDirectories(given: readonly string[], lookups: readonly View[]): string[] {
  return given.map(directory => {
    const path = normalise(absolutePath(directory, '--library-path'));
    if (lookups.some(view => isDirectory(view, path))) return path;
    throw new FlixError(
      'input',
      'absent',
      `--library-path ${directory} is not a directory in ${lookups.map(({ label }) => label).join(', ')}`,
      'Name each directory by its path inside the root, with an option of its own.',
    );
  });
}

/** Directories of a running system, which no “make install DESTDIR=…” makes. */
const SYSTEM = [
  '/dev',
  '/proc',
  '/sys',
  '/run',
  '/boot',
  '/root',
  '/tmp',
  '/etc/passwd',
  '/var/lib/dpkg',
  '/lib/apk',
];

/** Throws `FlixError` for a whole root without an os-release, which was taken for a DESTDIR tree. */
function refuseWholeRoot(root: string, tree: View): void {
  const found = SYSTEM.filter(path => tree.kind(path) !== undefined);
  if (found.length < 2) return;
  throw new FlixError(
    'input',
    'no-os-release',
    `${root} has no os-release, so it counts as the tree of a “make install DESTDIR=…”, but it contains ${found.slice(0, 3).join(', ')} like a whole root`,
    'A whole root needs /etc/os-release or /usr/lib/os-release (ID= and VERSION_ID=); a tree contains only what was installed.',
  );
}

function isDirectory(view: View, path: string): boolean {
  const real = follow(view, path);
  return real.path !== undefined && real.kind === 'directory';
}

/** Drops what a glob of the user matched although it is excluded. Throws `FlixError` for a path that is both named and excluded. */
function withoutExcluded(requests: readonly PathRequest[], exclude: ExcludedPaths): PathRequest[] {
  return requests.filter(({ source, matched }) => {
    if (!exclude.has(source)) return true;
    if (matched) return false;
    throw new FlixError(
      'input',
      'usage',
      `${source} is named, but --exclude leaves it out`,
      'Remove one of the two.',
    );
  });
}

function refuseTargets(requests: readonly PathRequest[]): void {
  const moved = requests.find(({ target }) => target !== undefined);
  if (moved)
    throw new FlixError(
      'input',
      'usage',
      `${moved.source}:${moved.target} names a TARGET, but every file of a DESTDIR tree stays where it is`,
      'Install the file to its place, and name only the path.',
    );
}

/**
 * Parses `GLOB=REASON` arguments; the first glob that matches a whole name gives the reason. Drivers that have to fit the
 * kernel are always left out.
 */
function exclusions(given: readonly string[]): Excluded {
  const patterns = given.map(text => {
    const equals = text.indexOf('=');
    if (equals <= 0 || equals === text.length - 1)
      throw new FlixError(
        'input',
        'no-reason',
        `--exclude-lib ${text} gives no reason`,
        "For example: --exclude-lib 'libGL*=comes with the driver'",
      );
    return { matches: compileGlob(text.slice(0, equals)), reason: text.slice(equals + 1) };
  });
  return name =>
    patterns.find(({ matches }) => matches(basename(name)))?.reason ?? reasonForHostsDriver(basename(name));
}

function labels(
  tree: View | undefined,
  overlays: readonly View[],
  staging: readonly View[],
): (view: View) => string {
  const known = new Map<View, string>();
  if (tree) known.set(tree, TREE);
  overlays.forEach((view, i) => known.set(view, i === 0 ? OVERLAY : `${OVERLAY} ${i + 1}`));
  staging.forEach((view, i) => {
    const label = rootLabel(readOsRelease(view)) ?? `root ${i + 1}`;
    known.set(view, [...known.values()].includes(label) ? `${label} (${i + 1})` : label);
  });
  return view => known.get(view) ?? view.label;
}

/** Returns the private directory: `--prefix`, or the default for the name. Throws `FlixError`. */
function privateDirectory(given: string | undefined, name: string): string {
  const prefix = normalise(given ?? defaultPrefix(name));
  if (!within('/usr', prefix) && !within('/opt', prefix))
    throw new FlixError(
      'input',
      'prefix-outside',
      `--prefix ${given} is outside /usr and /opt, and a system extension merges only these`,
    );
  const depth = prefix.split('/').length - 1;
  if (depth < (within('/opt', prefix) ? 2 : 3))
    throw new FlixError(
      'input',
      'prefix-shared',
      `--prefix ${given} is a directory that the host shares, so it cannot be private`,
      `Name a directory below it: --prefix ${join(prefix, name)}`,
    );
  const odd = /[^!-~]|[:;$"'`\\]/u.exec(prefix)?.[0];
  if (odd !== undefined)
    throw new FlixError(
      'input',
      'prefix-characters',
      `the private directory ${JSON.stringify(prefix)} contains ${JSON.stringify(odd)}, which a loader may read as a separator`,
      `Keep the name and choose another directory: --prefix ${defaultPrefix(name.replace(/[^\w.+-]/g, '-'))}`,
    );
  return prefix;
}
