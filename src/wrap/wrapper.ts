import { basename } from '../view/path.ts';
import { ENTER, TRY } from './enter.ts';
import { TABLE, TABLE_WITHOUT_CACHE } from './mount-table.ts';
import { quote } from './shell.ts';
import { insteadOfUnshare } from './user.ts';
import type { Wrapping } from './wrapping.ts';

/**
 * The sh script that stands where the program is to be called. On its way to the program it starts one process, mount
 * (with a chroot also `unshare --help`, an old one being known by it), and otherwise only becomes another program itself: the program has the pid, the parent and the open files that the
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
# Made by flix: runs a program in its own view of the file system. Variables begin with _, to be none of the program's.
_prefix=${quote(prefix)} _name=${quote(basename(program))}
_fail() { printf '%s: %s\\n' "$_name" "$1" >&2; exit 125; }
set -- ${quote(program)} "$@"
[ -e ${quote(`/usr/.${name}`)} ] && exec "$@"

while read -r _key _real _id _rest; do
  case $_key in Uid:) _uid=$_id ;; Gid:) _gid=$_id && break ;; esac
done </proc/self/status
_new=-m && [ "$_uid" != 0 ] && _new=-Urm

if [ -n "\${FLATWRAP_ROOT-}" ]; then
  _try=$FLATWRAP_ROOT$_prefix/${TRY} && shift
  [ -e "$_try" ] || _fail "FLATWRAP_ROOT=$FLATWRAP_ROOT is not its tree: there is no $_try"
  exec /usr/bin/unshare "$_new" /bin/sh "$_try" "$_uid" "$_gid" "$FLATWRAP_ROOT" "$0" "$@"
fi
_table=$_prefix/${TABLE}
[ -e "$_table" ] || _fail "$_prefix is not there: is the extension merged? FLATWRAP_ROOT=TREE tries one that is not"
${cached ? `[ -e /etc/ld.so.cache ] || _table=$_prefix/${TABLE_WITHOUT_CACHE}\n` : ''}\
${insteadOfUnshare(wrapping)}\
exec /usr/bin/unshare "$_new" --propagation slave /bin/sh "$_prefix/${ENTER}" "$_name" "$_uid" "$_gid" "$_table" "$@"
`;
}
