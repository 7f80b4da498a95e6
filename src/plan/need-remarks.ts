import type { Remark } from '../manifest/manifest.ts';
import { interpretersOf } from '../needs/interpreters.ts';
import { isBrought, type JudgedNeed, reaches } from '../needs/need.ts';
import { follow, resolveParent } from '../view/follow.ts';
import { databaseOf, packageNamed } from '../packages/database.ts';
import { basename, within } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { DRIVERS } from './bring-needs.ts';
import { hostPart } from './packages/host-parts.ts';
import type { PlannedFile } from './plan.ts';
import { targetOf } from './target.ts';

/** How the programs of a tree will find the paths that they name. */
export interface Surroundings {
  /** In which the paths are looked up. */
  readonly view: View;
  /** Returns the path in the tree of an object or script of the root. */
  readonly placeOf: (file: string) => string;
  readonly code: string;
  /** Completes `names PATH, which …`. */
  readonly lacks: string;
  /** Completes `Name PATH too, …`. */
  readonly unless: string;
}

/** Codes of the remarks about open needs that an object names; the summary of a tree lists these needs, too. */
export const namedCodes: ReadonlySet<string> = new Set(['names-absent', 'names-unshown']);

/** Describes a tree whose programs run on the host. */
export const onTheHost = {
  code: 'names-absent',
  lacks: 'the tree does not contain',
  unless: 'unless every host has it',
} as const;

/**
 * Reports open needs that files of the tree name: data that is compiled in, the interpreters of scripts, and the programs
 * that scripts run. Also reports what is required and cannot be brought.
 */
export function needRemarks(needs: readonly JudgedNeed[], around: Surroundings): Remark[] {
  const open = needs.filter(({ verdict }) => verdict === 'open');
  const brought = needs.filter(isBrought).map(({ what }) => what);
  // a directory that came as a whole has scripts that nobody asked for
  const scripted = open.filter(
    ({ evidence: { kind, file, text }, strength }) =>
      (kind === 'interpreter' ||
        kind === 'script' ||
        // a script may do without a program whose existence it tests
        (kind === 'command' && (text.startsWith('/') || reaches(strength, 'recommended')))) &&
      !brought.some(directory => within(directory, file)),
  );
  return [...refusedRemarks(open, around), ...namedRemarks(open, around), ...scriptRemarks(scripted, around)];
}

function refusedRemarks(open: readonly JudgedNeed[], { placeOf }: Surroundings): Remark[] {
  const remarks = new Map<string, Remark>();
  for (const { what, owner, strength, evidence, because } of open) {
    const { kind, file, text } = evidence;
    // drivers are named once, although many libraries lead to them
    const key = owner === 'machine' ? text : `${what}\0${file}`;
    const isDue =
      owner === 'machine'
        ? reaches(strength, 'recommended')
        : strength === 'required' && because !== undefined;
    if (!isDue || remarks.has(key)) continue;
    remarks.set(key, {
      code: 'need-open',
      file: placeOf(file),
      message: `needs ${what}${kind === 'family' ? ` (${text})` : ''}, which is not brought: ${because ?? DRIVERS}`,
    });
  }
  return [...remarks.values()];
}

/** Reports each path once, for the first object that names it; a directory stands for what is in it. */
function namedRemarks(open: readonly JudgedNeed[], around: Surroundings): Remark[] {
  const known = new Set<string>();
  const absent = new Map<string, string[]>();
  for (const { what, evidence, strength } of open) {
    if (evidence.kind !== 'path' || known.has(what)) continue;
    // a program that another package has, such as a pager, is an option of many
    if (strength === 'candidate' && /\/s?bin\/[^/]+$/.test(what)) continue;
    known.add(what);
    absent.set(evidence.file, [...(absent.get(evidence.file) ?? []), what]);
  }
  const remarks: Remark[] = [];
  for (const [file, paths] of absent) {
    const named = paths.filter(path => !paths.some(other => other !== path && within(other, path)));
    const add = (some: readonly string[], fix: string) => {
      if (some.length === 0) return;
      const message = `names ${some.join(', ')}, which ${around.lacks}: ${fix}`;
      remarks.push({ code: around.code, file: around.placeOf(file), message });
    };
    const isInside = (path: string) => targetOf(path) !== undefined;
    add(named.filter(isInside), `add it with --include, ${around.unless}`);
    add(
      named.filter(path => !isInside(path)),
      'if a program needs it, the host must have it',
    );
  }
  return remarks.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Reports each interpreter and each named path once, for the first script that needs it. */
function scriptRemarks(open: readonly JudgedNeed[], around: Surroundings): Remark[] {
  const users = new Map<
    string,
    { readonly need: JudgedNeed; readonly isProgram: boolean; readonly files: string[] }
  >();
  for (const need of open) {
    const key = resolveParent(around.view, need.what);
    const known = users.get(key);
    const real = follow(around.view, need.what);
    const isProgram =
      real.path !== undefined && real.kind === 'file' && (around.view.stat(real.path).mode & 0o111) !== 0;
    if (known) known.files.push(need.evidence.file);
    else users.set(key, { need, isProgram, files: [need.evidence.file] });
  }
  return [...users.values()].map(({ need: { what, evidence, package: owner }, isProgram, files }) => {
    const file = around.placeOf(files[0]!);
    const more = files.length > 1 ? `; so do ${files.length - 1} more` : '';
    if (evidence.kind === 'interpreter') {
      const adds = isWhole(around.view, what) ? packageToAdd(around.view, what, owner) : undefined;
      return {
        code: 'script',
        file,
        message: `a script that is run by ${what}, which ${around.lacks}${more}. Name ${what} too, with the directory of its modules if it has one, ${adds === undefined ? '' : `or add --package ${adds}, `}${around.unless}.`,
      };
    }
    return {
      code: isProgram ? 'runs-absent' : around.code,
      file,
      message: `a script that ${isProgram ? 'runs' : 'names'} ${what}, which ${around.lacks}${more}. Name ${what} too, ${around.unless}.`,
    };
  });
}

/** Returns the package to name for an interpreter: Debian has those of `perl` and `python3` in packages without most modules. */
function packageToAdd(view: View, interpreter: string, owner: string | undefined): string | undefined {
  const known = databaseOf(view);
  return [basename(interpreter), owner].find(name => {
    const found = known && name !== undefined ? packageNamed(known, name)?.found : undefined;
    return found !== undefined && hostPart(found) === undefined;
  });
}

/** Whether a path is of the root itself, not of a root below a tree, from which no package can be taken. */
function isWhole(view: View, path: string): boolean {
  const real = follow(view, path).path;
  return real !== undefined && view.source(real).view === view;
}

/** Reports the interpreters of scripts that the root does not have, each once. */
export function missingInterpreters(
  scripts: readonly { readonly path: string; readonly target: string }[],
  view: View,
): Remark[] {
  const users = new Map<string, string[]>();
  for (const { path, target } of scripts)
    for (const name of interpretersOf(view, path).missing)
      users.set(name, [...(users.get(name) ?? []), target]);
  return [...users].map(([name, [file, ...others]]) => ({
    code: 'missing-interpreter',
    file: file!,
    message: `a script that is run by ${name}, which is not in the root${others.length > 0 ? `; so do ${others.length} more` : ''}.`,
  }));
}

/** Returns where the tree has each file of the root, by its real path. */
export function placeIn(files: readonly PlannedFile[]): (file: string) => string {
  const places = new Map<string, string>();
  for (const { content, target } of files)
    if (content.kind === 'copy' && !places.has(content.path)) places.set(content.path, target);
  return file => places.get(file) ?? file;
}
