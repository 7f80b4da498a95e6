import { isProgram } from '../elf/classify.ts';
import { FlixError } from '../errors.ts';
import type { Remark } from '../manifest/manifest.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import { isScript } from '../needs/scripts.ts';
import type { Claims } from './claims.ts';
import { withoutForeign } from './foreign.ts';
import { Gathering, type Placed } from './gathering.ts';
import type { PlannedFile } from './plan.ts';
import { type PlanRequest, whyIncluded } from './request.ts';
import { REPLACES_INTERPRETER } from './packages/host-parts.ts';
import { isInProgramDirectory } from './packages/payload.ts';
import { linkText, malformedRemarks } from './source.ts';
import type { Moves } from './target.ts';

/**
 * Returns where a file of a root lies in the tree; `undefined`: it has no place of its own there.
 * @param view the root that holds the file itself, not a stack of roots
 */
export type PlaceOf = (view: View, path: string) => string | undefined;

/** The requested files, with their places in the tree. */
export interface Gathered {
  readonly placed: readonly Placed[];
  readonly placeOf: PlaceOf;
  /** Programs, by the names under which they were requested. */
  readonly entries: readonly string[];
  readonly remarks: Remark[];
}

/** The files of a DESTDIR tree or an overlay. */
interface GatheredFiles {
  readonly placed: Placed[];
  /** The paths of scripts in directories of programs. */
  readonly scripts: readonly string[];
  readonly remarks: Remark[];
}

/** The requested files, to which what they need can be added. */
export interface Gatherer {
  /** The scripts that the user named, or has in a DESTDIR tree or an overlay as programs, by their real paths. */
  readonly scripts: ReadonlySet<string>;
  /** Returns the targets of programs that were requested, or that packages bring. */
  programs(): ReadonlySet<string>;
  /** Returns the ELF files so far that the loader of the tree can load. */
  placed(): readonly Placed[];
  readonly placeOf: PlaceOf;
  /** Returns where a path of the first root goes in the tree; `undefined`: it has no place there. */
  targetOf(path: string): string | undefined;
  /** Returns the moved programs to which brought links lead: each may look for its library beside the link. */
  movedByLinks(): readonly string[];
  /** Claims a path of the first root that a file of the tree needs. @param redirected its private place, if it has one */
  bring(path: string, why: string, redirected?: string): void;
  /** Withdraws files of dependencies that the tree has at another place by now. */
  retract(isElsewhere: (path: string) => boolean): void;
  /** Call it last. */
  finish(): Gathered;
}

/**
 * Claims every requested file: the named paths of a root, or a DESTDIR tree; and the included paths of the first
 * staging root.
 */
export function gatherRequest(
  { tree, overlays, roots, lookups, paths, includes, packages, skip }: PlanRequest,
  claims: Claims,
  moves: Moves = new Map(),
): Gatherer {
  const root = roots[0]!;
  const ofOverlays = overlays.map(view => ({ view, ...gatherOverlay(view, claims, roots) }));
  const gathering = new Gathering(root, claims, skip, moves);
  const ofTree =
    tree &&
    gatherTree(
      tree,
      claims,
      paths.map(({ source }) => source),
      skip,
    );
  if (!tree) for (const path of paths) gathering.add(path, 'requested');
  for (const path of includes) gathering.add(path, whyIncluded(path));
  for (const entry of packages?.paths ?? []) gathering.addEntry(entry);
  gathering.settle();
  for (const file of packages?.files ?? []) claims.claim(file);
  const inTree = new Set<Placed>(ofTree?.placed);
  const inOverlays = new Map<Placed, View>();
  const treeScripts = ofTree?.scripts ?? [];
  const added = [...treeScripts, ...ofOverlays.flatMap(({ scripts }) => scripts)];
  for (const { view, placed } of ofOverlays) for (const file of placed) inOverlays.set(file, view);
  const split = () =>
    withoutForeign(
      [...inTree, ...gathering.placed, ...inOverlays.keys()],
      file => inOverlays.get(file) ?? (tree && inTree.has(file) ? tree : root),
      lookups,
    );
  const placeOf: PlaceOf = (view, path) => {
    if (overlays.includes(view))
      return view.kind(path) === 'directory' || claims.get(path) ? path : undefined;
    if (view === tree) return claims.get(path) && path;
    return view === root ? gathering.placeOf(path) : undefined;
  };
  return {
    scripts: new Set([...gathering.scripts, ...added]),
    programs: () => new Set([...gathering.entries, ...added]),
    placed: () => split().own,
    placeOf,
    targetOf: path => gathering.targetOf(path),
    retract: isElsewhere => gathering.retract(isElsewhere),
    movedByLinks: () => [...gathering.movedByLinks],
    bring: (path, why, redirected) => gathering.bring(path, why, redirected),
    finish() {
      const { own, foreign, remarks } = split();
      for (const { target } of foreign) claims.replace({ ...claims.get(target)!, role: 'resource' });
      const data = new Set(foreign.map(({ target }) => target));
      const treeEntries = own
        .filter(file => inTree.has(file) && file.role === 'entry')
        .map(({ target }) => target);
      return {
        placed: own,
        placeOf,
        entries: tree
          ? [...treeEntries, ...treeScripts].sort()
          : gathering.entries.filter(target => !data.has(target)),
        remarks: [
          ...ofOverlays.flatMap(overlay => overlay.remarks),
          ...(ofTree?.remarks ?? []),
          ...gathering.remarks,
          ...remarks,
          ...(packages?.remarks ?? []).filter(
            ({ code, file }) => code !== REPLACES_INTERPRETER || !moves.has(follow(root, file).path ?? file),
          ),
        ],
      };
    },
  };
}

/**
 * Claims every file of a DESTDIR tree at its own path. Throws `FlixError` if a named program is not in the tree.
 *
 * @param entries programs, or directories of programs, to which the work is restricted; empty: all
 */
export function gatherTree(
  tree: View,
  claims: Claims,
  entries: readonly string[],
  skip: (path: string) => boolean,
): GatheredFiles {
  const placed: Placed[] = [];
  const scripts: string[] = [];
  const remarks: Remark[] = [];
  const why = 'in the tree';
  for (const { path, kind } of walk(tree, '/', skip)) {
    if (claims.overrides(path) && kind !== 'directory') continue;
    const facts = kind === 'file' ? objectAt(tree, path, kind).facts : undefined;
    const program = facts !== undefined && isProgram(facts);
    const isRequested = entries.length === 0 || entries.some(entry => within(entry, path));
    if (facts && (program ? isRequested : facts.dynamic)) {
      if (program && !isMerged(path)) throw notMerged(tree, path);
      const role = program ? 'entry' : 'object';
      placed.push({ role, path, target: path, named: entries.includes(path) });
      claims.claim({ target: path, role, content: { kind: 'copy', view: tree, path, edits: [] }, why });
      continue;
    }
    if (kind === 'file') {
      remarks.push(...malformedRemarks(tree, path, path));
      if (isRequested && isProgramScript(tree, path)) scripts.push(path);
    }
    claims.claim(asIs(tree, path, kind, why));
  }
  if (placed.length === 0 && scripts.length === 0)
    throw new FlixError(
      'input',
      'no-program',
      `${tree.label} contains no program or library`,
      'A tree made by make install DESTDIR=… has a directory usr/; a whole root has an os-release. ' +
        'A script counts as a program if it is executable and lies in a directory such as usr/bin.',
    );
  for (const entry of entries)
    if (
      ![...placed, ...scripts.map(path => ({ role: 'entry', path }))].some(
        ({ role, path }) => role === 'entry' && within(entry, path),
      )
    )
      throw new FlixError(
        'input',
        'no-program',
        `${entry} is not a program in ${tree.label}`,
        'Name a program inside the tree, or no path at all to take every program.',
      );
  for (const name of tree.list('/').keys())
    if (!isMerged(`/${name}`) && !skip(`/${name}`))
      remarks.push({
        code: 'not-merged',
        file: `/${name}`,
        message:
          'stays in the tree, but systemd-sysext merges only /usr and /opt, and flix pack refuses the tree',
      });
  return { placed, scripts, remarks };
}

/**
 * Claims every file of an overlay at its own path, in preference to the files that are claimed later. A directory that
 * a root has, too, gets no mode from the overlay: there it is whatever the user's umask made of it.
 */
export function gatherOverlay(overlay: View, claims: Claims, roots: readonly View[]): GatheredFiles {
  const placed: Placed[] = [];
  const scripts: string[] = [];
  const remarks: Remark[] = [];
  const why = 'in the overlay';
  for (const { path, kind } of walk(overlay, '/')) {
    if (kind === 'directory' && isShared(path, roots)) continue;
    const facts = kind === 'file' ? objectAt(overlay, path, kind).facts : undefined;
    if (facts && (isProgram(facts) || facts.dynamic)) {
      const role = isProgram(facts) ? 'program' : 'object';
      if (!claims.get(path)) placed.push({ role, path, target: path });
      claims.override({ target: path, role, content: { kind: 'copy', view: overlay, path, edits: [] }, why });
      continue;
    }
    if (kind === 'file') {
      remarks.push(...malformedRemarks(overlay, path, path));
      if (isProgramScript(overlay, path)) scripts.push(path);
    }
    claims.override(asIs(overlay, path, kind, why));
  }
  return { placed, scripts, remarks };
}

function isProgramScript(view: View, path: string): boolean {
  return isInProgramDirectory(path) && isScript(view, path);
}

function isShared(directory: string, roots: readonly View[]): boolean {
  return directory === '/opt' || roots.some(root => follow(root, directory).path !== undefined);
}

function isMerged(path: string): boolean {
  return within('/usr', path) || within('/opt', path);
}

function notMerged(tree: View, path: string): FlixError {
  return new FlixError(
    'input',
    'target-outside',
    `${path} of ${tree.label} lies outside /usr and /opt, the only directories that a system extension merges`,
    'Install it under /usr (configure --prefix=/usr, cmake -DCMAKE_INSTALL_PREFIX=/usr).',
  );
}

function asIs(view: View, path: string, kind: string, why: string): PlannedFile {
  const base = { target: path, role: 'resource', why } as const;
  if (kind === 'file') return { ...base, content: { kind: 'copy', view, path, edits: [] } };
  if (kind === 'directory') return { ...base, content: { kind, view, path } };
  if (kind === 'link')
    return { ...base, content: { kind, to: linkText(view, path), origin: { view, path } } };
  throw new FlixError(
    'input',
    'special-file',
    `${path} of ${view.label} is a FIFO, socket or device, which does not belong in an image`,
    'Remove it; systemd-tmpfiles creates such files on the host.',
  );
}
