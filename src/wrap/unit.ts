import { insideMounts } from './mounts.ts';
import type { Wrapping } from './wrapping.ts';

/** What the path of a drop-in adds to that of its unit (systemd.unit(5)). */
export const DROP_IN = '.d/10-flix.conf';

/** Returns the drop-in by which systemd itself sets up the view for a system service (systemd.exec(5)). */
export function unitDropIn(wrapping: Wrapping): string {
  const mounts = insideMounts(wrapping);
  const root = wrapping.form === 'chroot' ? mounts.filter(({ at }) => at === '/') : [];
  const lines = [
    '[Service]',
    // what it would mount is bound below
    ...root.flatMap(({ from }) => [`RootDirectory=${from.replaceAll('%', '%%')}`, 'MountAPIVFS=no']),
    ...mounts
      .filter(mount => !root.includes(mount))
      .map(({ from, at, readOnly, optional }) => {
        const key = readOnly || from.startsWith(`${wrapping.prefix}/`) ? 'BindReadOnlyPaths' : 'BindPaths';
        return `${key}=${optional ? '-' : ''}${escape(from)}:${escape(at)}`;
      }),
  ];
  return `${lines.join('\n')}\n`;
}

/** Escapes a path: systemd decodes C escapes, then specifiers. */
function escape(path: string): string {
  const escaped = [...Buffer.from(path)].map(byte => {
    const character = String.fromCharCode(byte);
    if (character === '%') return '%%';
    return /[\w/.,@+=-]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return escaped.join('');
}
