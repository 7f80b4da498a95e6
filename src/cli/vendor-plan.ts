import { makeWrapPlan } from '../plan/flatwrap/make-wrap-plan.ts';
import { makePlan } from '../plan/make-plan.ts';
import type { Plan } from '../plan/plan.ts';
import type { VendorRequest } from './vendor-request.ts';

/** Plans as the mode says. Throws `FlixError`. */
export function planOf({ plan, wrap }: VendorRequest): Plan {
  return wrap ? makeWrapPlan(plan, wrap) : makePlan(plan);
}
