import type { Remark } from '../manifest/manifest.ts';
import { type JudgedNeed, reaches, type Strength } from '../needs/need.ts';
import { measure } from '../needs/ownership.ts';
import { driverOf, reasonForHostsDriver } from '../needs/drivers.ts';
import { libcOf } from '../libc/libc.ts';
import type { Closure } from '../resolve/closure.ts';
import { type Loader, minorVersion } from '../resolve/loader.ts';
import { isAlwaysBrought, noteOf } from '../needs/opened-names.ts';
import { basename } from '../view/path.ts';
import type { PlacedClosure } from './closures.ts';
import { driverNeed } from './drivers.ts';
import type { PlaceOf } from './gather.ts';
import type { BroughtName, PrivateLibrary } from './private-directory.ts';
import type { Excluded } from './request.ts';

/** What becomes of the names that objects open at run time, once their loader searches only the private directory. */
export interface JudgedNames {
  readonly brought: readonly BroughtName[];
  /** Names whose library the tree does not have, or has another one of. */
  readonly remarks: readonly Remark[];
  readonly needs: readonly JudgedNeed[];
}

/**
 * Judges each name that objects open at run time by what the root's loader finds for it. A library is brought if a note
 * requires or recommends it, if the caller's run path leads to it, or if the tree has it anyway. Others are named in a
 * remark: a string may have another purpose.
 *
 * @param level the weakest needs that are brought
 * @param needed the libraries that the private directory has in any case
 */
export function judgeOpenedNames(
  closures: readonly PlacedClosure[],
  needed: readonly PrivateLibrary[],
  placeOf: PlaceOf,
  excluded: Excluded,
  level: Strength,
): JudgedNames {
  const owners = new Map(needed.flatMap(({ object, names }) => names.map(name => [name, object] as const)));
  const ids = new Set(needed.map(({ object }) => object.id));
  const brought: BroughtName[] = [];
  const remarks = new Map<string, Remark>();
  const needs = new Map<string, JudgedNeed>();
  const remark = (code: string, file: string, name: string, message: string) => {
    const key = `${code}\0${name}`;
    if (!remarks.has(key)) remarks.set(key, { code, file, message, opened: name });
  };
  for (const { target, closure } of closures) {
    const found = new Set(closure.openedNames.flatMap(({ name, to }) => (to ? [name] : [])));
    for (const { caller, name, to, origin, missing } of closure.openedNames) {
      if (origin?.kind === 'loaded' || origin?.kind === 'loader') continue;
      const { priority, alternatives } = noteOf({ caller, name });
      const reason = excluded(name);
      if (
        driverOf(name) &&
        !owners.has(name) &&
        (reason === undefined || reason === reasonForHostsDriver(name))
      ) {
        needs.set(`${caller.real}\0${name}`, driverNeed(name, caller, false, 'open'));
        continue;
      }
      if (reason !== undefined) {
        if (priority !== undefined)
          remark('library-left-out', target, name, `${name} is left out: ${reason}`);
        continue;
      }
      const opener = basename(caller.real);
      if (!to) {
        if (priority === 'required' && !alternatives.some(other => found.has(other)))
          remark(
            'opened-library-missing',
            target,
            name,
            `${opener} requires ${alternatives.join(' or ')} at run time, and no root has it. Install it into the staging root.`,
          );
        continue;
      }
      if (missing.length > 0) continue;
      const source = to.view.source(to.real);
      const owner = owners.get(name);
      const isCertain = isAlwaysBrought(priority, origin) || reaches(priority ?? 'recommended', level);
      const isBrought =
        isCertain || (!owner && (ids.has(to.id) || placeOf(source.view, source.path) !== undefined));
      const key = `${caller.real}\0${name}`;
      if (!owner || isBrought)
        needs.set(key, {
          what: name,
          strength: priority ?? 'recommended',
          evidence: { kind: priority === undefined ? 'soname' : 'note', file: caller.real, text: name },
          verdict: isBrought ? 'brought' : 'open',
          ...measure(to.view, to.real),
        });
      if (isBrought) {
        brought.push({ closure, caller, name, to });
        owners.set(name, to);
      } else if (!owner)
        remark(
          'opened-by-name',
          target,
          name,
          `${opener} may open ${name} at run time, which is not in the tree. Bring it with --dlopen ${name} if that feature is used.`,
        );
      else if (owner.id !== to.id)
        remark(
          'opened-by-name-differs',
          target,
          name,
          `${opener} may open ${name} at run time, which is ${to.real} in the root, and gets ${owner.real} in the tree. Vendor the two separately if that feature is used.`,
        );
    }
  }
  return { brought, remarks: [...remarks.values()], needs: [...needs.values()] };
}

/** Returns the libraries that the libc opens by itself, as far as the roots have them. */
export function libcNeeds(opened: readonly Closure[], loader: Loader): JudgedNeed[] {
  const { opens, nameService } = libcOf(loader.family);
  const names = new Set([...opens(minorVersion(loader)), ...nameService.modules]);
  const needs = new Map<string, JudgedNeed>();
  for (const { entry } of opened)
    for (const { tag, name, to } of entry.edges)
      if (tag === 'preload' && to && names.has(name))
        needs.set(name, {
          what: name,
          strength: 'required',
          evidence: { kind: 'libc', file: loader.real, text: name },
          verdict: 'brought',
          ...measure(to.view, to.real),
        });
  return [...needs.values()];
}
