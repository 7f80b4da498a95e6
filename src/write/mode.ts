import type { Remark } from '../manifest/manifest.ts';
import type { Stat } from '../view/view.ts';

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
