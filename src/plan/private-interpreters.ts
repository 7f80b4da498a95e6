import { findProgram, interpretersOf } from '../needs/interpreters.ts';
import { isOfEveryHost } from '../needs/every-host.ts';
import type { JudgedNeed, Need } from '../needs/need.ts';
import { isScript } from '../needs/scripts.ts';
import { follow } from '../view/follow.ts';
import { objectAt } from '../view/object.ts';
import { basename, normalise, parent } from '../view/path.ts';
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
 * Decides which interpreters go to the private directory, with their libraries: those that only the first lines of scripts
 * name. At its own place, such an interpreter would replace that of the host, whose tools would run with it.
 *
 * @returns empty for a DESTDIR tree, in which every file stays where it is
 */
export function privateInterpreters(request: PlanRequest): Moves {
  const { tree, roots, paths, includes, packages, prefix } = request;
  const moves = new Map<string, string>();
  if (tree) return moves;
  const view = roots[0]!;
  const named = [...paths, ...includes].flatMap(({ source }) => follow(view, normalise(source)).path ?? []);
  const ofPackages = (packages?.paths ?? []).filter(({ kind }) => kind === 'file' || kind === 'link');
  const wanted = new Set([
    ...named,
    ...ofPackages
      .filter(({ of }) => of !== 'dependency')
      .flatMap(({ path }) => follow(view, path).path ?? []),
  ]);
  const scripts = [
    ...named.filter(path => view.kind(path) === 'file' && isScript(view, path)),
    ...ofPackages.flatMap(({ path, kind, is }) => (kind === 'file' && is !== 'state' ? [path] : [])),
  ];
  for (const script of scripts)
    for (const path of interpretersOf(view, script).paths) {
      const real = follow(view, path).path;
      if (real === undefined || wanted.has(real) || moves.has(real) || BOUND.test(basename(real))) continue;
      if (isOfEveryHost(targetOf(path) ?? path) || !objectAt(view, real).facts) continue;
      moves.set(real, `${prefix}/bin/${basename(real)}`);
      for (const directory of libraryOf(real))
        if (view.kind(`/usr${directory}`) === 'directory') moves.set(`/usr${directory}`, prefix + directory);
    }
  return isCalled(request, moves) ? new Map() : moves;
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
function isCalled({ roots, packages }: PlanRequest, moves: Moves): boolean {
  const view = roots[0]!;
  const names = new RegExp(
    `/(?:${[...moves.keys()].map(path => basename(path).replace(/[.\d]+$/, '')).join('|')})[\\d.]*(?![\\w.-])`,
  );
  if (moves.size === 0) return false;
  const files = [
    ...(packages?.paths ?? []).flatMap(({ path, kind }) => (kind === 'file' ? [{ view, path }] : [])),
    ...(packages?.files ?? []).flatMap(({ content }) => (content.kind === 'copy' ? [content] : [])),
  ];
  return files.some(({ view: root, path }) => STARTERS.test(path) && names.test(readText(root, path) ?? ''));
}

/** Whether the file that has a need finds a moved path at its new place. */
export function followsMoves({ evidence: { kind, file } }: Need, moves: Moves): boolean {
  return kind === 'interpreter' || kind === 'import' || movedTarget(moves, file) !== undefined;
}

/** Whether a path was moved, although a file that needs it looks for it at the old place. */
export function needsOldPlace(need: JudgedNeed, moves: Moves, view: View): boolean {
  if (need.verdict !== 'brought' || followsMoves(need, moves)) return false;
  const real = need.what.startsWith('/') ? follow(view, need.what).path : undefined;
  return real !== undefined && movedTarget(moves, real) !== undefined;
}

/** Whether a link beside a moved program is only another name for it, which first lines of scripts contain. */
export function isFurtherName(link: string, real: string, moves: Moves): boolean {
  return moves.has(real) && parent(link) === parent(real);
}

/** The longest first line that every kernel reads as a whole (BINPRM_BUF_SIZE before Linux 5.1). */
const MAX_LINE = 127;
const ASCII = /^[\t -~]*$/;

/**
 * Returns the first line of a script that starts its interpreter where the tree has it.
 *
 * @returns `undefined` if it need not change; `impossible` if no other line can start the moved interpreter in the same way
 */
export function movedFirstLine(
  view: View,
  path: string,
  moves: Moves,
): { readonly before: string; readonly after: string } | 'impossible' | undefined {
  const line = shebangOf(view, path);
  if (!line) return undefined;
  const [before] = headOf(view, path).split('\n', 1) as [string];
  const place = (name: string) => {
    const found = findProgram(view, name);
    const real = found === undefined ? undefined : follow(view, found).path;
    return real === undefined ? undefined : moves.get(real);
  };
  let to = place(line.interpreter);
  let { argument } = line;
  if (to === undefined && basename(line.interpreter) === 'env') {
    const [first, ...rest] = argument.replace(/^-S\s*|^--split-string[=\s]/, '').split(/[ \t]+/);
    to = place(first!);
    if (to === undefined) {
      const others = rest.some(word => !word.startsWith('-') && !word.includes('=') && place(word));
      return others ? 'impossible' : undefined;
    }
    argument = rest.join(' ');
  }
  if (to === undefined) return undefined;
  const after = `#!${to}${argument === '' ? '' : ` ${argument.trim()}`}`;
  return after.length > MAX_LINE || !ASCII.test(before) ? 'impossible' : { before, after };
}
