import type { Remark } from '../../manifest/manifest.ts';
import { isProgramOfEveryHost } from '../../needs/every-host.ts';
import { follow, resolveParent } from '../../view/follow.ts';
import { objectAt } from '../../view/object.ts';
import type { View } from '../../view/view.ts';
import type { Claims } from '../claims.ts';
import { Gathering } from '../gathering.ts';
import { type PathRequest, type PlanRequest, whyIncluded } from '../request.ts';
import { followNamed } from '../source.ts';
import { isHostInterpreter } from '../packages/host-parts.ts';
import { isInProgramDirectory } from '../packages/payload.ts';
import { factoryPath } from '../packages/state.ts';
import { namedTarget, targetOf } from '../target.ts';
import { findProgram, interpretersOf } from '../../needs/interpreters.ts';
import { helperAt, isHelper, startableBelow } from './helpers.ts';
import { isHostFacing, type NamedPath, readNamedPath } from './named-path.ts';
import { type Entry, type Unit, unitsAmong } from './wrappers.ts';

/** A path that the view must show. */
export interface ShownPath {
  readonly path: string;
  readonly real: string;
  readonly is: 'run' | 'file' | 'directory';
  readonly why: string;
}

/** The requested files, before the form of the view is decided. */
export interface RequestedFiles {
  readonly entries: readonly Entry[];
  /**
   * Programs of packages and of requested directories outside the directories of PATH, which the host can start by their
   * paths.
   */
  readonly helpers: readonly Entry[];
  readonly units: readonly Unit[];
  readonly shown: readonly ShownPath[];
  readonly remarks: readonly Remark[];
}

/** Claims the files that the host reads, which must lie outside the staged root, and lists the paths that the view must show. */
export function readRequest(request: PlanRequest, claims: Claims): RequestedFiles {
  const view = request.roots[0]!;
  const packages = pathsOfPackages(view, request.packages);
  const paths = [...request.paths, ...packages.paths].map(path => readNamedPath(view, path));
  const startable = startableIn(view, paths, request.skip);
  const named = [
    ...paths,
    ...startable.filter(isInProgramDirectory).map(source => readNamedPath(view, { source })),
  ];
  const beside = new Gathering(view, claims, request.skip);
  for (const { path, target, is } of named)
    if (target !== undefined && is !== 'run') beside.add({ source: path, target }, 'requested');
  const entries = named.flatMap(({ path, real, target, is }) =>
    target !== undefined && is === 'run' ? [{ path, real, target }] : [],
  );
  const shown = named.filter(isShown).map(({ path, real, is }): ShownPath => {
    return { path, real, is, why: 'requested' };
  });
  for (const include of [...request.includes, ...packages.includes]) {
    const { source, target } = include;
    const why = whyIncluded(include);
    if (target !== undefined) {
      beside.add({ source, target }, why);
      continue;
    }
    const { path, kind } = followNamed(view, source);
    shown.push({ path: source, real: path, is: kind === 'directory' ? kind : 'file', why });
  }
  for (const path of packages.links) shown.push({ path, real: path, is: 'file', why: 'in a package' });
  beside.settle();
  const files = claims.sorted();
  const own = files.filter(
    ({ content }) => content.kind === 'copy' && request.overlays.includes(content.view),
  );
  const units = [
    ...unitsAmong(files.filter(file => !own.includes(file))),
    // other units of an overlay prepare the host, with the host's programs
    ...unitsAmong(own).filter(({ programs }) =>
      entries.some(({ path }) => programs.some(name => findProgram(view, name) === path)),
    ),
  ];
  const remarks = [
    ...beside.remarks,
    ...addUnits(view, units, entries, shown),
    ...addInterpreters(view, shown),
  ];
  const helpers = [
    ...packages.helpers,
    ...startable.filter(path => !isInProgramDirectory(path)).map(path => helperAt(view, path)),
  ].filter(({ target }) => !entries.some(entry => entry.target === target));
  // systemd-tmpfiles copies these files to the host, whose /etc the view shows
  const ofHost = new Set(
    (request.packages?.files ?? []).flatMap(({ target, content }) =>
      content.kind === 'copy' && target === factoryPath(content.path) ? content.path : [],
    ),
  );
  return { entries, helpers, units, shown: shown.filter(({ real }) => !ofHost.has(real)), remarks };
}

/** Returns the programs and scripts below the requested directories, except those that are requested by their own paths. */
function startableIn(view: View, requested: readonly NamedPath[], skip: (path: string) => boolean): string[] {
  const found = new Set(
    requested.flatMap(({ is, real }) => (is === 'directory' ? startableBelow(view, real, skip) : [])),
  );
  for (const { path } of requested) found.delete(path);
  return [...found];
}

/** The paths of packages, by their use in Flatwrap mode. */
interface PackagePaths {
  /** Programs that the host starts, and files that it reads. */
  readonly paths: readonly PathRequest[];
  /** Paths that the view shows. */
  readonly includes: readonly PathRequest[];
  /** Links to files of /etc and /var, which the view shows as the host has them. */
  readonly links: readonly string[];
  readonly helpers: readonly Entry[];
}

function pathsOfPackages(view: View, packages: PlanRequest['packages']): PackagePaths {
  const paths: PathRequest[] = [];
  const includes: PathRequest[] = [];
  const helpers: Entry[] = [];
  const links: string[] = [];
  for (const { path, kind, is, of } of packages?.paths ?? []) {
    const real = follow(view, path);
    if (real.path === undefined || real.kind === 'other') continue;
    // scripts of the tree start it in the view; scripts of the host would lack their modules there
    if (of === 'dependency' && isHostInterpreter(path)) includes.push({ source: path, matched: true });
    else if (is === 'program' || isHostFacing(targetOf(path) ?? path))
      paths.push({ source: path, matched: true });
    else if (targetOf(real.path) === undefined) links.push(path);
    else if (kind !== 'directory') {
      includes.push({ source: path, matched: true });
      if (kind === 'file' && isHelper(view, path)) helpers.push(helperAt(view, path));
    }
  }
  return { paths, includes, links, helpers };
}

/** Returns the ELF programs that are started in the view. */
export function startedPrograms(view: View, shown: readonly ShownPath[]): string[] {
  const run = shown.filter(({ is, real }) => is === 'run' && objectAt(view, real).facts);
  return [...new Set(run.map(({ path }) => path))];
}

/** The view need not show a file that lies outside the staged root. */
function isShown({ target, is }: NamedPath): boolean {
  return target === undefined || is === 'run';
}

function addUnits(view: View, units: readonly Unit[], entries: Entry[], shown: ShownPath[]): Remark[] {
  const remarks: Remark[] = [];
  for (const unit of units)
    for (const name of unit.programs) {
      const path = findProgram(view, name);
      if (path === undefined) {
        remarks.push({
          code: 'unit-program',
          file: unit.target,
          message: `the unit starts ${name}, which is not in the root`,
        });
        continue;
      }
      const real = follow(view, path).path ?? path;
      shown.push({ path, real, is: 'run', why: `started by ${unit.target}` });
      // a wrapper at the path of the host's shell would start itself
      const isHostProgram = isProgramOfEveryHost(resolveParent(view, path));
      if (!unit.native && !isHostProgram && !entries.some(entry => entry.path === path))
        entries.push({ target: namedTarget(path), path, real });
    }
  return remarks;
}

function addInterpreters(view: View, shown: ShownPath[]): Remark[] {
  const remarks: Remark[] = [];
  for (const { path } of shown.filter(({ is }) => is === 'run')) {
    const { paths, missing } = interpretersOf(view, path);
    for (const interpreter of paths) {
      const real = follow(view, interpreter).path ?? interpreter;
      shown.push({ path: interpreter, real, is: 'run', why: `runs ${path}` });
    }
    for (const name of missing)
      remarks.push({
        code: 'missing-interpreter',
        file: path,
        message: `a script; its interpreter ${name} is not in the root`,
      });
  }
  return remarks;
}
