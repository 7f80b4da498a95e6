import { fileCapabilities } from '../io/capabilities.ts';
import type { PlannedFile } from '../plan/plan.ts';
import type { Remark } from '../manifest/manifest.ts';

/** Programs of a plan whose file capabilities are not taken over: an image must not hand out rights in silence. */
export async function clearedCapabilities(files: readonly PlannedFile[]): Promise<Remark[]> {
  const targets = new Map<string, string[]>();
  for (const { role, target, content } of files) {
    if (content.kind !== 'copy' || (role !== 'entry' && role !== 'program')) continue;
    const { hostPath } = content.view.source(content.path);
    if (hostPath !== undefined) targets.set(hostPath, [...(targets.get(hostPath) ?? []), target]);
  }
  const remarks: Remark[] = [];
  for (const [hostPath, capabilities] of await fileCapabilities([...targets.keys()]))
    for (const file of targets.get(hostPath)!)
      remarks.push({
        code: 'capabilities-cleared',
        file,
        message: `its capabilities (${capabilities}) are cleared; a unit can grant them with AmbientCapabilities=`,
      });
  return remarks;
}
