import { isSharedDirectory, lockedOut, opensToAll, sharedAccess } from '../../../systemd/merged-directory.ts';
import { parent } from '../../../view/path.ts';
import type { Stat } from '../../../view/view.ts';
import { defineEntryCheck } from '../../check.ts';
import type { Merge } from '../../merge.ts';

export const mergedDirectory = defineEntryCheck(
  'layout/merged-directory',
  {
    title: 'A directory of the host gets other permissions or another owner',
    means:
      'The extension and the host both have the directory. Its contents are merged, but its mode and owner are those of ' +
      'the topmost layer that has it, which is the extension. (The tops /usr, /opt and /etc keep theirs.) Without a host, ' +
      'the audit assumes the directories that every host has, with mode 755 and owner root.',
    matters:
      'A tree that was made with umask 077 has /usr/bin with mode 700: once it is merged, no user but root can run any ' +
      'program of the host, nobody can log in, and services with User= fail. A directory that the host keeps from users ' +
      'is open to all of them if that of the extension is. A directory that belongs to somebody else is writable for ' +
      'that user in a mutable merge, and programs such as sshd and sudo refuse files in it.',
    fix:
      'Give the directory the mode and owner that the host’s has: chmod 755 for the directories of /usr, chown 0:0. ' +
      '“flix pack” gives every file to root, and refuses directories that lock users out.',
  },
  ({ extension, path, kind, stat }, merge) => {
    if (kind !== 'directory' || parent(path) === '/' || merge.view.source(path).view !== extension.layer)
      return undefined;
    const before = accessOnHost(path, merge);
    if (!before) return undefined;
    const locked = lockedOut(before, stat);
    const octal = (mode: number) => mode.toString(8);
    if (locked.length > 0)
      return {
        severity: 'error' as const,
        message: `${path} has mode ${octal(stat.mode)} and ${ownerText(stat)}, and so it will on the host, which has ${octal(before.mode)} and ${ownerText(before)}: ${LOCKED[locked[0]!]}`,
        fix: `Run chmod ${octal(before.mode)} ${path.slice(1)} in the tree${sameOwner(before, stat) ? '' : ` and chown ${before.uid}:${before.gid}`}.`,
      };
    if (!sameOwner(before, stat) && stat.uid !== 0)
      return {
        severity: 'error' as const,
        message: `${path} belongs to ${ownerText(stat)}, and so it will on the host, where it belongs to ${ownerText(before)}`,
        fix: `Run chown ${before.uid}:${before.gid} ${path.slice(1)} in the tree, or pack it with “flix pack”.`,
      };
    if (!opensToAll(before, stat)) return undefined;
    return {
      message: `${path} has mode ${octal(stat.mode)}, and so it will on the host, which has ${octal(before.mode)}: users can read what it keeps from them`,
      fix: `Run chmod ${octal(before.mode)} ${path.slice(1)} in the tree.`,
    };
  },
);

const LOCKED = {
  others: 'no user but root can use what is in it',
  group: 'the members of its group can no longer use what is in it',
  user: 'its owner can no longer use what is in it',
} as const;

type Access = Pick<Stat, 'mode' | 'uid' | 'gid'>;

/** Returns the access that the host gives to a directory; `undefined` if it has none there. */
function accessOnHost(path: string, { host }: Merge): Access | undefined {
  if (!host) return isSharedDirectory(path) ? sharedAccess : undefined;
  return host.view.kind(path) === 'directory' ? host.view.stat(path) : undefined;
}

function sameOwner(one: Access, other: Access): boolean {
  return one.uid === other.uid && one.gid === other.gid;
}

function ownerText({ uid, gid }: Access): string {
  return uid === 0 && gid === 0 ? 'owner root' : `owner ${uid}:${gid}`;
}
