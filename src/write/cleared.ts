import { fileCapabilities } from '../io/capabilities.ts';
import type { Remark } from '../manifest/manifest.ts';
import type { PlannedFile } from '../plan/plan.ts';
import type { Stat } from '../view/view.ts';

const SETUID = 0o4000;
const SETGID = 0o2000;

/** Remarks on the setuid and setgid bits that a file loses. */
export function clearedBits(file: string, { mode }: Stat): Remark[] {
  const remarks: Remark[] = [];
  if ((mode & SETUID) !== 0)
    remarks.push({
      code: 'setuid-cleared',
      file,
      message:
        'its setuid bit is cleared: a program of an image must not run with the rights of another user',
    });
  if ((mode & SETGID) !== 0)
    remarks.push({ code: 'setgid-cleared', file, message: 'its setgid bit is cleared' });
  return remarks;
}

/**
 * Remarks on a file that belongs to root in the image but not in its root. Files of the user who runs flix are left
 * out, because “make install” gives every file to that user; so the remarks depend on who runs flix.
 */
export function clearedOwner(file: string, { uid, gid }: Stat): Remark[] {
  const isExpected = uid === 0 ? gid === 0 : uid === process.getuid?.();
  if (isExpected) return [];
  const message = `belongs to ${uid}:${gid} in its root, and to root in the image`;
  return [{ code: 'owner-root', file, message }];
}

/**
 * Remarks on programs that lose their file capabilities: an image must not grant rights silently. Returns `undefined`
 * where getcap is not installed; the copies have no capabilities in any case.
 */
export async function clearedCapabilities(files: readonly PlannedFile[]): Promise<Remark[] | undefined> {
  const targets = new Map<string, string[]>();
  for (const { role, target, content } of files) {
    if (content.kind !== 'copy' || (role !== 'entry' && role !== 'program')) continue;
    const { hostPath } = content.view.source(content.path);
    if (hostPath !== undefined) targets.set(hostPath, [...(targets.get(hostPath) ?? []), target]);
  }
  const found = await fileCapabilities([...targets.keys()]);
  if (!found) return undefined;
  return [...found].flatMap(([hostPath, capabilities]) =>
    targets.get(hostPath)!.map(file => ({
      code: 'capabilities-cleared',
      file,
      message: `its capabilities (${capabilities}) are cleared; a unit can grant them with AmbientCapabilities=`,
    })),
  );
}
