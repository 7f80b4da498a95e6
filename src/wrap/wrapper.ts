import { basename } from '../view/path.ts';
import { ENTER, TRY } from './enter.ts';
import { TABLE, TABLE_WITHOUT_CACHE } from './mount-table.ts';
import { quote } from './shell.ts';
import { insteadOfUnshare } from './user.ts';
import type { Wrapping } from './wrapping.ts';

/**
 * The sh script that stands where the program is to be called. On its way to the program it starts one process, mount,
 * and otherwise only becomes another program itself: the program has the pid, the parent and the open files that the
 * caller gave to the wrapper. Tools are named by their paths, since the caller's PATH is the program's.
 *
 * Where the view cannot be made it says why and exits with 125, as env(1) and chroot(1) do.
 *
 * @param program absolute, inside the view
 */
export function wrapper(wrapping: Wrapping, program: string): string {
  const { name, prefix, mounts } = wrapping;
  const cached = mounts.some(mount => mount.ofCache);
  return `#!/bin/sh
# Made by flix: runs a program in its own view of the file system, which consists of the mounts in $table.
name=${quote(basename(program))} prefix=${quote(prefix)} table=${quote(`${prefix}/${TABLE}`)}
fail() { printf '%s: %s\\n' "$name" "$1" >&2; exit 125; }
set -- ${quote(program)} "$@"
[ -e ${quote(`/usr/.${name}`)} ] && exec "$@"

while read -r key _ id _; do
  case $key in Uid:) uid=$id ;; Gid:) gid=$id && break ;; esac
done </proc/self/status
new=-m && [ "$uid" != 0 ] && new=-Urm

if [ -n "\${FLATWRAP_ROOT-}" ]; then
  try=$FLATWRAP_ROOT$prefix/${TRY} && shift
  [ -e "$try" ] || fail "FLATWRAP_ROOT=$FLATWRAP_ROOT is not its tree: there is no $try"
  exec /usr/bin/unshare "$new" /bin/sh "$try" "$uid" "$gid" "$FLATWRAP_ROOT" "$0" "$@"
fi
[ -e "$table" ] || fail "$prefix is not there: is the extension merged? FLATWRAP_ROOT=TREE tries one that is not"
${cached ? `[ -e /etc/ld.so.cache ] || table=$prefix/${TABLE_WITHOUT_CACHE}\n` : ''}\
${insteadOfUnshare(wrapping)}\
exec /usr/bin/unshare "$new" --propagation slave /bin/sh "$prefix/${ENTER}" "$name" "$uid" "$gid" "$table" "$@"
`;
}
