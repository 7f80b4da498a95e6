import { basename } from '../view/path.ts';
import { insideMounts, mountTables, TABLE, TABLE_WITHOUT_CACHE } from './mounts.ts';
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

/** In the prefix: sh scripts that wrappers run in the new namespaces. */
const ENTER = 'enter';
const TRY = 'try';

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

/** One word of sh that stands for the text, whatever is in it. */
function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Settings of a kernel that lets only root make user namespaces: Debian's and everybody's. */
const FORBIDDING = ['kernel/unprivileged_userns_clone=0', 'user/max_user_namespaces=0'];

/** Ubuntu's: programs with a profile may, which bwrap has. */
const RESTRICTING = 'kernel/apparmor_restrict_unprivileged_userns=1';

/** Lines of the wrapper for callers who are not root. It knows `_uid`, `_table`, `_prefix` and `_fail`. */
function insteadOfUnshare(wrapping: Wrapping): string {
  switch (wrapping.runner) {
    case 'unshare':
      return ask(FORBIDDING, '    _fail "the kernel lets only root make user namespaces ($_setting)"\n');
    case 'auto':
      return ask(
        [...FORBIDDING, RESTRICTING],
        `    if [ -x ${BWRAP} ]; then${bwrap(wrapping, '      ')}    fi
    [ "\${_setting#*=}" = 1 ] || _fail "the kernel lets only root make user namespaces ($_setting), and there is no ${BWRAP}"
`,
      );
    case 'bwrap':
      return `if [ "$_uid" != 0 ]; then
  [ -x ${BWRAP} ] || _fail "there is no ${BWRAP}"${bwrap(wrapping, '  ')}fi
`;
  }
}

function ask(settings: readonly string[], then: string): string {
  return `[ "$_uid" = 0 ] || for _setting in ${settings.join(' ')}; do
  if { read -r _value <"/proc/sys/\${_setting%=*}"; } 2>/dev/null && [ "$_value" = "\${_setting#*=}" ]; then
${then}  fi
done
`;
}

const BWRAP = '/usr/bin/bwrap';

/** bwrap stays as the program's parent and takes its signals: the program is not to live on without it. */
function bwrap(wrapping: Wrapping, indent: string): string {
  const mounts = insideMounts(wrapping);
  const options = mounts
    .filter(mount => !mount.ofCache)
    .map(({ from, at, readOnly, optional }) => {
      // --bind would take the devices away
      const option = `--${readOnly ? 'ro' : 'dev'}-bind${optional ? '-try' : ''}`;
      return `${option} ${quote(from)} ${quote(at)}`;
    });
  const base = wrapping.form === 'overmount' ? ['--dev-bind / /'] : [];
  const lines = [
    'set -- -- "$@"',
    ...mounts
      .filter(mount => mount.ofCache)
      .map(
        ({ from, at }) =>
          // where the host has none, bwrap would make one
          `[ "$_table" = "$_prefix/${TABLE}" ] && set -- --ro-bind ${quote(from)} ${quote(at)} "$@"`,
      ),
    `exec ${BWRAP} --die-with-parent ${[...base, ...options].join(' ')} "$@"`,
  ];
  return ['', ...lines].join(`\n${indent}`) + '\n';
}
