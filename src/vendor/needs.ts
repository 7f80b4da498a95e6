import type { JudgedNeed, Strength } from '../needs/need.ts';
import type { View } from '../view/view.ts';
import { vendorRequest } from './request.ts';
import { planOf } from './vendor.ts';

interface NeedsOptions {
  readonly package: readonly string[];
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly needs?: Strength | undefined;
}

/** Returns what paths of a root need at run time, judged as `flix vendor` would. Writes nothing. Throws `FlixError`. */
export async function needsOfPaths(
  root: string,
  paths: readonly string[],
  { package: packages, include, exclude, needs }: NeedsOptions,
): Promise<{ readonly needs: readonly JudgedNeed[]; readonly view: View }> {
  const request = await vendorRequest(root, paths, {
    name: 'needs',
    out: `/flix-needs-${process.pid}`,
    package: packages,
    with: [],
    include,
    exclude,
    needs,
    seen: [],
    staging: [],
    overlay: [],
    excludeLib: [],
    libraryPath: [],
    dlopen: [],
    strict: false,
    mode: 'flix',
    seal: 'auto',
    bind: [],
    bindRo: [],
  });
  return { needs: planOf(request).needs, view: request.plan.lookups[0]! };
}
