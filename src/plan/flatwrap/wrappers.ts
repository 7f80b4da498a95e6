import { glibc } from '../../libc/libc.ts';
import type { Remark } from '../../manifest/manifest.ts';
import { isFalse, isTrue } from '../../systemd/boolean.ts';
import { unitPrograms } from '../../systemd/exec-lines.ts';
import { parseSettings, valuesOf } from '../../systemd/unit-files.ts';
import { basename, parent } from '../../view/path.ts';
import { readText } from '../../view/text.ts';
import type { View } from '../../view/view.ts';
import { DROP_IN, unitDropIn } from '../../wrap/unit.ts';
import { wrapper } from '../../wrap/wrapper.ts';
import type { Wrapping } from '../../wrap/wrapping.ts';
import type { Claims } from '../claims.ts';
import type { PlannedFile } from '../plan.ts';

/** A program or script that gets a wrapper. */
export interface Entry {
  /** The wrapper's path in the tree. */
  readonly target: string;
  /** The program that it starts, by its requested name: busybox and vim behave according to argv[0]. */
  readonly path: string;
  readonly real: string;
}

/** A systemd unit that starts programs of the root. */
export interface Unit {
  /** In the tree. */
  readonly target: string;
  /** The programs of its Exec lines: paths, or names that systemd looks up. */
  readonly programs: readonly string[];
  /** systemd itself sets up the view, by a drop-in; else each program gets a wrapper. */
  readonly native: boolean;
  /** Variables of its `Environment=` that wrappers drop. */
  readonly dropped: readonly string[];
  /** Why its wrappers cannot work; `undefined`: they can. */
  readonly unwrappable: string | undefined;
}

/** The variables that wrappers drop: those of glibc, which include musl’s. */
export const DROPPED: readonly string[] = glibc.variables;

const SETUID_OR_SETGID = 0o6000;

/** Claims a wrapper for each entry and helper, and a drop-in for each unit for which systemd itself sets up the view. */
export function claimWrappers(
  claims: Claims,
  {
    entries,
    helpers,
    units,
  }: {
    readonly entries: readonly Entry[];
    readonly helpers: readonly Entry[];
    readonly units: readonly Unit[];
  },
  wrapping: Wrapping,
  view: View,
): Remark[] {
  for (const { target, path } of entries.concat(helpers))
    claims.claim({
      target,
      role: 'wrapper',
      content: { kind: 'text', text: wrapper(wrapping, path, DROPPED), executable: true },
      why: `starts ${path} in the view`,
    });
  for (const unit of units)
    if (unit.native)
      claims.claim({
        target: dropInPath(unit),
        role: 'metadata',
        content: { kind: 'text', text: unitDropIn(wrapping) },
        why: `sets up the view for ${unit.target}`,
      });
  const setuid = entries
    .filter(({ real }) => (view.stat(real).mode & SETUID_OR_SETGID) !== 0)
    .map(({ target }) => ({
      code: 'setuid-entry',
      file: target,
      message:
        'is setuid or setgid in the root, but a wrapped program has only the rights of its caller: it works only for root',
    }));
  const dropped = units
    .filter(unit => !unit.native && unit.dropped.length > 0)
    .map(unit => ({
      code: 'dropped-variable',
      file: unit.target,
      message: `sets ${unit.dropped.join(', ')}, which wrappers drop; let a script of the root set it, and start that`,
    }));
  const unwrappable = units.flatMap(({ target, unwrappable: message }) =>
    message === undefined ? [] : [{ code: 'unit-unwrappable', file: target, message }],
  );
  return [...setuid, ...dropped, ...unwrappable];
}

const UNIT = /\/systemd\/(?:system|user)\/[^/]+\.(?:service|socket|mount|swap)$/;

/** Returns the units among the files outside the staged root. */
export function unitsAmong(files: readonly PlannedFile[]): Unit[] {
  return files.flatMap(({ target, content }) => {
    if (!UNIT.test(target) || content.kind !== 'copy') return [];
    const text = textOf(content);
    const programs = unitPrograms(text);
    const native = isService(target) && !hasOwnRoot(text);
    const unwrappable = native ? undefined : unwrappableBy(text);
    return programs.length === 0 ? [] : [{ target, programs, native, dropped: droppedIn(text), unwrappable }];
  });
}

/** Returns the variables of a unit's `Environment=` that wrappers drop. Assignments may be quoted (systemd.exec(5)). */
function droppedIn(text: string): string[] {
  const assigned = valuesOf({ settings: parseSettings(text) }, 'Service', 'Environment').join(' ');
  return DROPPED.filter(variable => new RegExp(String.raw`(?:^|[\s"'])${variable}=`).test(assigned));
}

/** Returns the path of a unit's drop-in (systemd.unit(5)); that of a template applies to all instances. */
function dropInPath({ target }: Unit): string {
  return target + DROP_IN;
}

function textOf({ view, path }: { readonly view: View; readonly path: string }): string {
  return readText(view, path) ?? '';
}

/** A unit keeps the root that it sets itself; user managers may not set one at all (systemd.exec(5), RootDirectory=). */
function hasOwnRoot(text: string): boolean {
  const settings = parseSettings(text);
  return ['RootDirectory', 'RootImage'].some(key => valuesOf({ settings }, 'Service', key).length > 0);
}

/** Returns why the wrappers of a unit cannot work; `undefined`: they can. */
function unwrappableBy(text: string): string | undefined {
  if (hasOwnRoot(text))
    return 'starts its programs in a root of its own (RootDirectory= or RootImage=), which has no wrappers';
  const settings = parseSettings(text);
  const restricted = valuesOf({ settings }, 'Service', 'RestrictNamespaces').at(-1) ?? '';
  return forbidsMounts(restricted)
    ? 'forbids the mount namespaces that its wrappers need (RestrictNamespaces=)'
    : undefined;
}

/** Whether RestrictNamespaces= forbids mount namespaces: a boolean, the permitted ones, or after `~` the others (systemd.exec(5)). */
function forbidsMounts(value: string): boolean {
  if (value === '' || isFalse(value)) return false;
  if (isTrue(value)) return true;
  return value.startsWith('~') === /\bmnt\b/.test(value);
}

function isService(target: string): boolean {
  return basename(parent(target)) === 'system' && target.endsWith('.service');
}
