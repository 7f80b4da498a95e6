import { findProgram, interpretersOf } from '../needs/interpreters.ts';
import { isOfEveryHost } from '../needs/every-host.ts';
import type { JudgedNeed, Need } from '../needs/need.ts';
import { isScript } from '../needs/scripts.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { basename, normalise, parent, within } from '../view/path.ts';
import { headOf, readText, shebangOf } from '../view/text.ts';
import type { View } from '../view/view.ts';
import type { PlanRequest } from './request.ts';
import { type Moves, movedTarget, targetOf } from './target.ts';

/** An interpreter that looks for its library relative to itself before it looks where it was configured to. */
interface Relocatable {
  /** Matches the real name of the program. */
  readonly program: RegExp;
  /** The directories of its library, without the leading `/usr`; `$1` is what the first group matched. */
  readonly library: readonly string[];
}

/** Python: Modules/getpath.py searches upwards from the program for `lib/python3.N`; Debian's site.py takes `lib/python3` there. */
const RELOCATABLE: readonly Relocatable[] = [
  { program: /^python(3\.\d+)$/, library: ['/lib/python$1', '/lib64/python$1', '/lib/python3'] },
];

/**
 * Interpreters that work only at their own paths. Node looks for modules relative to itself (lib/internal/modules/cjs/loader.js,
 * `node_relative_path` of Debian), and for parts of its library where it was configured to.
 */
const BOUND = /^node(?:js)?$/;

/**
 * The interpreters that go to the private directory, with their libraries: those that only the first lines of scripts
 * name. At its own place, such an interpreter would replace that of the host, whose tools would run with it. A plan may
 * show more of them, or that one has to keep its place; then it is made again. None is private in a DESTDIR tree, in which
 * every file stays where it is.
 */
export class PrivateInterpreters {
  readonly #request: PlanRequest;
  readonly #view: View;
  /** Real paths of programs that the user named. */
  readonly #wanted: ReadonlySet<string>;
  readonly #started = new Set<string>();
  readonly #kept = new Set<string>();
  readonly #left = new Set<string>();

  constructor(request: PlanRequest) {
    const { roots, paths, includes, packages } = request;
    const view = roots[0]!;
    this.#request = request;
    this.#view = view;
    const real = (path: string) => follow(view, path).path ?? [];
    const named = [...paths, ...includes].flatMap(({ source }) => real(normalise(source)));
    const ofPackages = (packages?.paths ?? []).filter(({ kind }) => kind === 'file' || kind === 'link');
    this.#wanted = new Set([
      ...named,
      ...ofPackages.filter(({ of }) => of !== 'dependency').flatMap(({ path }) => real(path)),
    ]);
    const scripts = [
      ...named.filter(path => view.kind(path) === 'file' && isScript(view, path)),
      ...ofPackages.flatMap(({ path, kind, is }) => (kind === 'file' && is !== 'state' ? [path] : [])),
    ];
    for (const script of scripts) for (const path of interpretersOf(view, script).paths) this.#start(path);
  }

  /** The paths of the root that go to the private directory. */
  get moves(): Moves {
    const moves = new Map<string, string>();
    const { prefix } = this.#request;
    const taken = new Set<string>();
    for (const real of this.#private().sort()) {
      const place = `${prefix}/bin/${basename(real)}`;
      // another interpreter may have the same name, such as one of /usr/local/bin
      moves.set(real, taken.has(place) ? prefix + real.replace(/^\/usr(?=\/)/, '') : place);
      taken.add(place);
      for (const directory of libraryOf(real))
        if (this.#view.kind(`/usr${directory}`) === 'directory')
          moves.set(`/usr${directory}`, prefix + directory);
    }
    return moves;
  }

  /**
   * Keeps the interpreters at their places to which moved paths belong, as something else looks for them there.
   *
   * @returns whether there are any
   */
  keep(paths: readonly string[]): boolean {
    const found = this.#private().filter(real =>
      paths.some(
        path => path === real || libraryOf(real).some(directory => within(`/usr${directory}`, path)),
      ),
    );
    for (const real of found) this.#kept.add(real);
    return found.length > 0;
  }

  /**
   * Leaves the interpreters that a plan does not bring to the host: only scripts that may never run name them.
   *
   * @returns whether there are any
   */
  leave(isBrought: (target: string) => boolean): boolean {
    const { moves } = this;
    const found = this.#private().filter(real => !isBrought(moves.get(real)!));
    for (const real of found) {
      // the next plan may show that something else starts it; if it is left a second time, it keeps its place
      if (this.#left.has(real)) this.#kept.add(real);
      else this.#started.delete(real);
      this.#left.add(real);
    }
    return found.length > 0;
  }

  /** Returns whether needs show further interpreters. */
  add(needs: readonly JudgedNeed[]): boolean {
    const before = this.#private().length;
    for (const { what, verdict, evidence } of needs)
      if (verdict === 'brought' && evidence.kind === 'interpreter') this.#start(what);
    return this.#private().length > before;
  }

  #private(): string[] {
    return [...this.#started].filter(real => !this.#kept.has(real));
  }

  #start(path: string): void {
    const real = follow(this.#view, path).path;
    if (this.#request.tree || real === undefined || this.#wanted.has(real) || this.#started.has(real)) return;
    if (BOUND.test(basename(real)) || isOfEveryHost(targetOf(path) ?? path)) return;
    if (!objectAt(this.#view, real).facts) return;
    this.#started.add(real);
    if (isCalled(this.#request, basename(real))) this.#kept.add(real);
  }
}

function libraryOf(interpreter: string): string[] {
  return RELOCATABLE.flatMap(({ program, library }) => {
    const match = program.exec(basename(interpreter));
    return match ? library.map(directory => directory.replace('$1', match[1] ?? '')) : [];
  });
}

/** Files in which a service manager, the bus, a desktop or cron finds the programs that it starts. */
const STARTERS = /\/(?:applications|cron[^/]*|dbus-1|polkit-1|systemd|udev)\//;

/** Whether a file of the packages other than a script starts an interpreter by its path. */
function isCalled({ roots, packages }: PlanRequest, interpreter: string): boolean {
  const view = roots[0]!;
  const files = [
    ...(packages?.paths ?? []).flatMap(({ path, kind }) => (kind === 'file' ? [{ view, path }] : [])),
    ...(packages?.files ?? []).flatMap(({ content }) => (content.kind === 'copy' ? [content] : [])),
  ].filter(({ path }) => STARTERS.test(path));
  const [, name = interpreter] = /^(.*?)[.\d]*$/.exec(interpreter) ?? [];
  const called = new RegExp(`/${name.replace(/[.+]/g, '\\$&')}[\\d.]*(?![\\w.-])`);
  return files.some(({ view: root, path }) => called.test(readText(root, path) ?? ''));
}

/** Whether the file that has a need finds a moved path at its new place. */
export function followsMoves({ evidence: { kind, file } }: Need, moves: Moves): boolean {
  return kind === 'interpreter' || kind === 'import' || movedTarget(moves, file) !== undefined;
}

/** Returns the path that a need has brought to a new place, if the file that needs it looks for it at the old one. */
export function soughtAtOldPlace(need: JudgedNeed, moves: Moves, view: View): string | undefined {
  if (need.verdict !== 'brought' || followsMoves(need, moves)) return undefined;
  const real = need.what.startsWith('/') ? follow(view, need.what).path : undefined;
  return real !== undefined && movedTarget(moves, real) !== undefined ? real : undefined;
}

/** Whether a link beside a moved program is only another name for it, which first lines of scripts contain. */
export function isFurtherName(link: string, real: string, moves: Moves): boolean {
  return moves.has(real) && parent(link) === parent(real);
}

/** The longest first line that every kernel reads as a whole (BINPRM_BUF_SIZE before Linux 5.1). */
const MAX_LINE = 127;
const ASCII = /^[\t -~]*$/;

/**
 * Returns the first line of a script that starts its interpreter where the tree has it; `undefined` if it need not change.
 *
 * @param programs the root in which the script finds programs; that of the script may be an overlay
 * @returns `impossible`: the real path of the moved interpreter, if no other line can start it in the same way
 */
export function movedFirstLine(
  view: View,
  path: string,
  moves: Moves,
  programs: View,
): { readonly before: string; readonly after: string } | { readonly impossible: string } | undefined {
  const line = shebangOf(view, path);
  if (!line) return undefined;
  const [before] = headOf(view, path).split('\n', 1) as [string];
  const moved = (name: string) => {
    const found = findProgram(programs, name);
    const real = found === undefined ? undefined : follow(programs, found).path;
    return real !== undefined && moves.has(real) ? real : undefined;
  };
  let real = moved(line.interpreter);
  let { argument } = line;
  if (real === undefined && basename(line.interpreter) === 'env') {
    const [first, ...rest] = argument.replace(/^-S\s*|^--split-string[=\s]/, '').split(/[ \t]+/);
    real = moved(first!);
    if (real === undefined) {
      const words = rest.filter(word => !word.startsWith('-') && !word.includes('='));
      const other = words.map(moved).find(each => each !== undefined);
      return other === undefined ? undefined : { impossible: other };
    }
    argument = rest.join(' ');
  }
  if (real === undefined) return undefined;
  const after = `#!${moves.get(real)!}${argument === '' ? '' : ` ${argument.trim()}`}`;
  return after.length > MAX_LINE || !ASCII.test(before) ? { impossible: real } : { before, after };
}
