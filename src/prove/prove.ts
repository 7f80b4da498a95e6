import type { Plan } from '../plan/plan.ts';
import { directoryView } from '../view/directory.ts';
import { type ClosureProof, proveClosures } from './closures.ts';
import { proveFiles } from './files.ts';
import { openVariables } from './seal.ts';

/** What is known of a finished tree because it was asked, not because it was meant so. */
export interface Proof extends ClosureProof {
  /** Edited files that were read again. */
  readonly files: number;
  /** Variables that the private loader follows; `undefined`: it could not be asked. */
  readonly openVariables: readonly string[] | undefined;
}

/** Proves a finished tree before it is published. Throws `FlixError` of kind `proof`. */
export async function proveTree(plan: Plan, directory: string, run: boolean): Promise<Proof> {
  const tree = directoryView(directory, { label: 'the finished tree' });
  const files = proveFiles(plan, tree);
  const closures = await proveClosures(plan, tree, directory, run);
  const sample = plan.expected.find(({ loads }) => loads.length > 0);
  const asked = plan.loader !== undefined && sample && closures.notRun === undefined && run;
  return {
    files,
    ...closures,
    openVariables: asked ? await openVariables(directory, plan.loader, sample.object) : undefined,
  };
}
