import type { Remark } from '../manifest/manifest.ts';
import type { Stat } from '../view/view.ts';
import { fileCapabilities } from '../io/capabilities.ts';
import type { PlannedFile } from '../plan/plan.ts';

const SETUID = 0o4000;
const SETGID = 0o2000;

/** What is not taken over from the source, since in the image it would mean something else. */
export function clearedBits(target: string, { mode, uid, gid }: Stat): Remark[] {
  const remarks: Remark[] = [];
  const remark = (code: string, message: string) => remarks.push({ code, file: target, message });
  if ((mode & SETUID) !== 0)
    remark(
      'setuid-cleared',
      'its setuid bit is cleared: a program of an image must not run with the rights of another user',
    );
  if ((mode & SETGID) !== 0) remark('setgid-cleared', 'its setgid bit is cleared');
  // what make install gave to whoever builds means root in the image, and is no one's news
  if (uid === 0 ? gid !== 0 : uid !== process.getuid?.())
    remark('owner-root', `belongs to ${uid}:${gid} in its root, and to root in the image`);
  return remarks;
}

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
