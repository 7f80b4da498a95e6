import { mountTables } from './mount-table.ts';
import { quote } from './shell.ts';
import type { Wrapping } from './wrapping.ts';

/** In the prefix: sh scripts that wrappers run in the new namespaces. */
export const ENTER = 'enter';
export const TRY = 'try';

/** Everything beside the staged root that wrappers need in the prefix: content by file name. */
export function prefixFiles(wrapping: Wrapping): ReadonlyMap<string, string> {
  return new Map([...mountTables(wrapping.mounts), [ENTER, enter(wrapping)], [TRY, TRYING]]);
}

function enter({ form, prefix }: Wrapping): string {
  // mount hints at a modified /etc/fstab where it writes to a terminal
  return `# sh enter NAME UID GID TABLE PROGRAM [ARGUMENT]..., in a mount namespace of its own
${form === 'overmount' ? '' : NEW_ENOUGH}\
_why=$(/usr/bin/mount -a -T "$4" 2>&1) || { printf '%s: cannot make its view: %s\\n' "$1" "$_why" >&2; exit 125; }
_uid=$2 _gid=$3 && shift 4
${form === 'overmount' ? OVERMOUNTED : chrooted(prefix)}`;
}

/** The host's unshare does all of it. (The view of the other form is entered by the staged one.) */
const NEW_ENOUGH = `case $(/usr/bin/unshare --help 2>&1) in
  *--map-user*) ;;
  *) printf '%s: cannot enter its view: /usr/bin/unshare is not that of util-linux 2.36 or newer\\n' "$1" >&2; exit 125 ;;
esac
`;

const OVERMOUNTED = `[ "$_uid" = 0 ] && exec "$@"
# the staged root's
exec /usr/bin/unshare -U --map-user="$_uid" --map-group="$_gid" -- "$@"
`;

function chrooted(prefix: string): string {
  return `_root=${quote(prefix)}
# /proc/self/cwd leads back to a directory that the view does not show, even to a deleted one
_here=$(pwd -P 2>/dev/null)
if [ -z "$_here" ] || [ ! -d "$_root$_here" ]; then _here=/proc/self/cwd; fi
set -- --root "$_root" --wd "$_here" -- "$@"
[ "$_uid" = 0 ] || set -- -U --map-user="$_uid" --map-group="$_gid" "$@"
exec /usr/bin/unshare "$@"
`;
}

/** The tree's path is not part of an option, which could not hold every path. */
const TRYING = `# sh try UID GID TREE WRAPPER [ARGUMENT]...: lays the tree over /usr as systemd-sysext would, and starts over
(cd -- "$3" && exec /usr/bin/mount -t overlay flatwrap -o lowerdir=usr:/usr /usr) || exit 125
_uid=$1 _gid=$2 && shift 3 && unset FLATWRAP_ROOT
[ "$_uid" = 0 ] && exec /bin/sh "$@"
exec /usr/bin/unshare -U --map-user="$_uid" --map-group="$_gid" /bin/sh "$@"
`;
