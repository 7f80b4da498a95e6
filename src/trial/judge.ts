import { isSharedDirectory } from '../systemd/merged-directory.ts';
import { createdBy, tmpfilesFiles, tmpfilesLines } from '../systemd/tmpfiles.ts';
import { objectAt } from '../view/object.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { basename, join, normalise, parent, within } from '../view/path.ts';
import { headOf, shebang } from '../view/text.ts';
import { ReadFailure, type View } from '../view/view.ts';
import { type ExpectedOfHost, type OpenedObject, plannedLibraries } from './planned-libraries.ts';
import type { FileUse } from './trace.ts';

/** The root in which a command ran, and what it was made of. */
export interface TrialRoot {
  readonly merged: View;
  /** Extensions, the topmost first, by their names. */
  readonly trees: readonly TrialTree[];
  readonly host: View | undefined;
  /** Roots that may have what the merged root lacks. */
  readonly staging: readonly View[];
}

export interface TrialTree {
  readonly view: View;
  /** Where its private loaders search for libraries. */
  readonly privateDirectories: readonly string[];
  /** What its programs take from the host; `undefined`: it is not bound to hosts. */
  readonly bound?: ExpectedOfHost | undefined;
}

/** A path that programs looked for and did not find, although a staging root has it. */
export interface Missed {
  /** The topmost directory that the merged root lacks, or the file. */
  readonly path: string;
  /** What was looked for at or below `path`, sorted. */
  readonly files: readonly string[];
  /** The programs that looked for it. */
  readonly programs: readonly string[];
  /** The label of the staging root. */
  readonly root: string;
  /** Set if a private loader searched for it by this name. */
  readonly library?: string;
  /** A line of tmpfiles.d creates it at boot, which a trial does not do. */
  readonly atBoot?: true;
}

/** A file of the host that a program of a tree used. */
export interface HostUse {
  readonly path: string;
  readonly program: string;
}

/** A file that programs opened or started. */
export interface RootUse {
  /** Without links. */
  readonly path: string;
  /** Sorted. */
  readonly programs: readonly string[];
}

export interface Trial {
  /** All files that were opened or started, sorted. */
  readonly used: readonly RootUse[];
  readonly missed: readonly Missed[];
  /** Libraries and plugins of the host in processes of the trees, without those that were planned. */
  readonly libraries: readonly HostUse[];
  /** Libraries of the host that programs of the trees use as planned; `undefined`: no tree is bound to hosts. */
  readonly planned?: readonly HostUse[];
  /** Programs of the host that those of the trees started. */
  readonly programs: readonly HostUse[];
  /** Other files of the host that they opened. */
  readonly data: readonly HostUse[];
  /** How many files of the trees were opened or started, by any program. */
  readonly own: number;
}

/** What no root brings: the kernel's, and what every process may write. */
const ELSEWHERE = ['/proc', '/sys', '/dev', '/run', '/tmp'];

/** The kernel's limit for interpreters that are scripts (fs/exec.c, exec_binprm). */
const MAX_INTERPRETERS = 5;

/** Judges what the programs of a trial used. Pure. */
export function judgeTrial(uses: readonly FileUse[], root: TrialRoot): Trial {
  const libraries = new Map<string, HostUse>();
  const programs = new Map<string, HostUse>();
  const data = new Map<string, HostUse>();
  const own = new Set<string>();
  const opened = new Map<string, OpenedByBound>();
  const used = new Map<string, Set<string>>();
  for (const { program, how, path, outcome, real = follow(root.merged, path).path } of uses) {
    if (outcome !== 'found' || how === 'look' || real === undefined || isElsewhere(real)) continue;
    if (root.merged.kind(real) !== 'file') continue;
    used.set(real, (used.get(real) ?? new Set()).add(program));
    const isOwn = isOfTrees(root, real);
    if (isOwn) own.add(real);
    if (!belongsToTrees(root, program)) continue;
    const isObject = objectAt(root.merged, real).facts !== undefined;
    const bound = how !== 'run' && isObject ? boundTo(root, program) : undefined;
    if (bound) {
      const started = follow(root.merged, program).path!;
      const itself = { real: started, path: started };
      const objects = opened.get(program) ?? { bound, ours: [itself], ofHost: [] };
      opened.set(program, objects);
      (isOwn ? objects.ours : objects.ofHost).push({ real, path });
    }
    if (isOwn || bound) continue;
    const found = how === 'run' ? programs : isObject ? libraries : data;
    found.set(real, found.get(real) ?? { path: real, program });
  }
  const planned = new Map<string, HostUse>();
  for (const [program, { bound, ours, ofHost }] of opened) {
    const asPlanned = plannedLibraries(root.merged, bound, ofHost, ours);
    for (const { real } of ofHost) {
      const found = asPlanned.has(real) ? planned : libraries;
      found.set(real, found.get(real) ?? { path: real, program });
    }
  }
  return {
    used: [...used].map(([path, by]) => ({ path, programs: [...by].sort() })).sort(byPath),
    missed: missedIn(uses, root),
    libraries: sorted(libraries),
    ...(root.trees.some(({ bound }) => bound) && { planned: sorted(planned) }),
    programs: sorted(programs),
    data: sorted(data),
    own: own.size,
  };
}

function isElsewhere(path: string): boolean {
  return ELSEWHERE.some(directory => within(directory, path));
}

function isOfTrees({ trees }: TrialRoot, real: string): boolean {
  return trees.some(({ view }) => view.kind(real) !== undefined);
}

/** What a program of a tree that is bound to hosts opened. */
interface OpenedByBound {
  readonly bound: ExpectedOfHost;
  /** The program itself, and objects of the trees. */
  readonly ours: OpenedObject[];
  readonly ofHost: OpenedObject[];
}

/** Returns what the tree of a program takes from the host; `undefined`: it takes nothing, or no tree has the program. */
function boundTo({ trees, merged }: TrialRoot, program: string): ExpectedOfHost | undefined {
  const real = follow(merged, program).path;
  return real === undefined ? undefined : trees.find(({ view }) => view.kind(real) !== undefined)?.bound;
}

/** Whether the code of a program comes from the trees; that of a script is its interpreter. */
export function belongsToTrees(root: TrialRoot, program: string, depth = 0): boolean {
  const real = follow(root.merged, program).path;
  if (real === undefined || !isOfTrees(root, real)) return false;
  const object = objectAt(root.merged, real);
  // a program that may be started but not read counts as what it is named
  if (object.facts || object.failure instanceof ReadFailure) return true;
  const script = shebang(headOf(root.merged, real));
  return (
    script === undefined || (depth < MAX_INTERPRETERS && belongsToTrees(root, script.interpreter, depth + 1))
  );
}

function sorted(found: ReadonlyMap<string, HostUse>): HostUse[] {
  return [...found.values()].sort(byPath);
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
}

function missedIn(uses: readonly FileUse[], root: TrialRoot): Missed[] {
  // the search for a library passes many directories before the one that has it
  const opened = new Set(
    uses.flatMap(({ how, outcome, program, path }) =>
      how === 'open' && outcome === 'found' ? [`${program}\0${basename(path)}`] : [],
    ),
  );
  const lines = tmpfilesFiles(root.merged).flatMap(file => tmpfilesLines(root.merged, file));
  const created = [...createdBy(root.merged, lines).keys()];
  const isCreated = (file: string) => created.some(path => within(file, path));
  const found = new Map<string, { item: Lacking; files: Set<string>; programs: Set<string> }>();
  for (const { program, path: spelled, outcome } of uses) {
    const path = normalise(spelled);
    if (outcome !== 'absent' || isElsewhere(path) || opened.has(`${program}\0${basename(path)}`)) continue;
    if (isDispensable(path) || follow(root.merged, path).path !== undefined) continue;
    if (!belongsToTrees(root, program)) continue;
    const item = lacking(path, root);
    if (!item || isSharedDirectory(item.path)) continue;
    const known = found.get(item.path) ?? { item, files: new Set(), programs: new Set() };
    known.files.add(path);
    known.programs.add(program);
    found.set(item.path, known);
  }
  return [...found.values()]
    .filter(({ item: { path } }) => ![...found.keys()].some(other => other !== path && within(other, path)))
    .map(({ item, files, programs }) =>
      Object.assign(item, {
        files: [...files].sort(),
        programs: [...programs].sort(),
        ...([...files].every(isCreated) && { atBoot: true as const }),
      }),
    )
    .sort(byPath);
}

type Lacking = Pick<Missed, 'path' | 'root' | 'library'>;

/** Returns what of the staging roots would have been found at a path. */
function lacking(path: string, { merged, trees, staging }: TrialRoot): Lacking | undefined {
  const found = staging.find(view => follow(view, path).path !== undefined);
  if (found) {
    // an extension cannot bring the file behind such a link, as /usr/share/locale/locale.alias to /etc
    const real = follow(found, path).path!;
    if (isBelowUsr(path) && !isBelowUsr(real)) return { path: real, root: found.label };
    // one file may be looked for under several paths, as /bin/ip and /usr/bin/ip
    const place = resolveParent(found, path);
    // if the file itself is there, a link on the way to it is not
    const missing = follow(merged, place).path === undefined ? place : path;
    return { path: topmostAbsent(merged, missing), root: found.label };
  }
  const name = basename(path);
  const isPrivate = trees.some(tree => tree.privateDirectories.includes(parent(path)));
  if (!isPrivate || !/\.so(?:\.|$)/.test(name)) return undefined;
  for (const view of staging)
    for (const directory of libraryDirectories(view))
      if (follow(view, join(directory, name)).path !== undefined)
        return { path: join(directory, name), root: view.label, library: name };
  return undefined;
}

function isBelowUsr(path: string): boolean {
  return ['/usr', '/opt'].some(top => within(top, path));
}

/** The directories in which the loader of a root searches by default, on distributions of all kinds. */
function libraryDirectories(view: View): string[] {
  const names = view.kind('/usr/lib') === 'directory' ? [...view.list('/usr/lib').keys()] : [];
  const triplets = names.filter(name => /^[a-z0-9_]+-linux-[a-z0-9]+$/.test(name));
  return [...triplets.map(name => `/usr/lib/${name}`), '/usr/lib64', '/usr/lib', '/lib64', '/lib'];
}

/** Python compiles modules again where it finds no compiled ones. */
function isDispensable(path: string): boolean {
  return path.includes('/__pycache__');
}

/** Returns the topmost directory above a path that the root lacks and that belongs to no more than one package, or the path itself. */
function topmostAbsent(merged: View, path: string): string {
  const isWhole = (directory: string) =>
    directory.lastIndexOf('/') > 0 &&
    !isSharedDirectory(directory) &&
    follow(merged, directory).path === undefined;
  let top = path;
  while (isWhole(parent(top))) top = parent(top);
  return top;
}
