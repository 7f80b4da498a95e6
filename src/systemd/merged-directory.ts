import type { Stat } from '../view/view.ts';

/**
 * What overlayfs makes of a directory that several layers have: mode, owner and label are those of the topmost layer
 * (Linux Documentation/filesystems/overlayfs.rst; measured with systemd 252 and 257). The tops `/usr`, `/opt` and `/etc` are
 * an exception: systemd itself makes their topmost layer.
 */

const READ_AND_ENTER = 0o5;

type Access = Pick<Stat, 'mode' | 'uid' | 'gid'>;

/** Directories below `/usr` and `/etc` that every host has and that every user must be able to read. */
const SHARED = new RegExp(
  `^/(?:${[
    'usr/(?:local/)?(?:bin|sbin|libexec|include|src|games|share|etc|lib(?:32|64|x32)?)',
    'usr/local',
    'usr/lib/[a-z0-9_]+-linux-[a-z0-9]+',
    'usr/(?:lib|share)/(?:systemd(?:/(?:system|user))?|dbus-1(?:/[\\w.-]+)?|firmware|modules|udev|locale|polkit-1)',
    'usr/lib/[\\w-]+\\.d',
    'usr/share/(?:man(?:/[^/]+)?|doc|info|applications|icons|licenses|bash-completion|zsh|fonts|terminfo|zoneinfo|mime)',
    'etc/(?:systemd(?:/(?:system|user))?|ssl(?:/certs)?|profile\\.d|xdg|security|pam\\.d|default|alternatives)',
  ].join('|')})$`,
);

/** Returns whether every host has such a directory, readable by all users. */
export function isSharedDirectory(path: string): boolean {
  return SHARED.test(path);
}

/** The access that hosts give to such a directory. */
export const sharedAccess: Access = { mode: 0o755, uid: 0, gid: 0 };

/** Returns who can read and enter a directory under the first access, but no longer under the second. */
export function lockedOut(before: Access, after: Access): readonly ('user' | 'group' | 'others')[] {
  const others = bits(before, 0) & ~bits(after, 0);
  const group = classOf(before, after, 'gid', 3);
  // root is bound by no permission
  const user = before.uid === 0 ? 0 : classOf(before, after, 'uid', 6);
  return [
    ...(others === 0 ? [] : ['others' as const]),
    ...(group === 0 ? [] : ['group' as const]),
    ...(user === 0 ? [] : ['user' as const]),
  ];
}

/** The bits that the members of a class lose; those of another owner get the bits of others. */
function classOf(before: Access, after: Access, id: 'uid' | 'gid', shift: number): number {
  const now = before[id] === after[id] ? bits(after, shift) : bits(after, 0);
  return bits(before, shift) & ~now;
}

function bits({ mode }: Access, shift: number): number {
  return (mode >> shift) & READ_AND_ENTER;
}

/** Returns whether all users can read and enter a directory that they could not. */
export function opensToAll(before: Access, after: Access): boolean {
  return (bits(after, 0) & ~bits(before, 0)) !== 0;
}
