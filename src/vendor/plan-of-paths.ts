import type { Plan } from '../plan/plan.ts';
import type { View } from '../view/view.ts';
import { vendorRequest, type VendorOptions } from './request.ts';
import { planOf } from './vendor.ts';

/** The options of a plan that nobody carries out. */
const DEFAULTS: VendorOptions = {
  package: [],
  with: [],
  include: [],
  exclude: [],
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
};

/** Plans as `flix vendor` would, for a command that writes nothing. Throws `FlixError`. */
export async function planOfPaths(
  root: string,
  paths: readonly string[],
  options: Partial<VendorOptions>,
): Promise<{ readonly plan: Plan; readonly view: View }> {
  const out = `/flix-plan-${process.pid}`; // does not exist
  const request = await vendorRequest(root, paths, { ...DEFAULTS, name: 'plan', out, ...options });
  return { plan: planOf(request), view: request.plan.lookups[0]! };
}
