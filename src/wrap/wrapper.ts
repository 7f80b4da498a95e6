import { shellWord } from '../shell-word.ts';
import { basename } from '../view/path.ts';
import { insideMounts, mountTables, TABLE, TABLE_WITHOUT_CACHE } from './mounts.ts';
import type { Wrapping } from './wrapping.ts';

/**
 * Returns the sh script that is called instead of the program. It starts one child process, mount (for a chroot also
 * `unshare --help`, which tells an old unshare), and otherwise only executes other programs in its place, so the
 * program keeps the wrapper's pid, parent and open files. It calls tools by their paths, since PATH belongs to the
 * program.
 *
 * If the view cannot be set up, the script says why and exits with 125, as env(1) and chroot(1) do.
 *
 * It drops variables that inject code: a library for the host does not fit the program, and one for the program does not
 * fit the tools of the host that set up the view. Only the shell has loaded what they name by then.
 *
 * @param program absolute, inside the view
 * @param dropped names of variables
 */
export function wrapper(wrapping: Wrapping, program: string, dropped: readonly string[]): string {
  const { name, prefix, mounts } = wrapping;
  const cached = mounts.some(mount => mount.ofCache);
  return `#!/bin/sh
# Made by flix: runs a program in its own view of the file system. Its variables begin with _, not to clash with the program's.
_prefix=${shellWord(prefix)} _name=${shellWord(basename(program))}
_fail() { printf '%s: %s\\n' "$_name" "$1" >&2; exit 125; }
set -- ${shellWord(program)} "$@"
[ -e ${shellWord(`/usr/.${name}`)} ] && exec "$@"
unset ${dropped.join(' ')}

while read -r _key _real _id _rest; do
  case $_key in Uid:) _uid=$_id ;; Gid:) _gid=$_id && break ;; esac
done </proc/self/status
_new=-m && [ "$_uid" != 0 ] && _new=-Urm

if [ -n "\${FLATWRAP_ROOT-}" ]; then
  _try=$FLATWRAP_ROOT$_prefix/${TRY} && shift
  [ -e "$_try" ] || _fail "FLATWRAP_ROOT=$FLATWRAP_ROOT is not its tree: $_try does not exist"
  exec /usr/bin/unshare "$_new" /bin/sh "$_try" "$_uid" "$_gid" "$FLATWRAP_ROOT" "$0" "$@"
fi
_table=$_prefix/${TABLE}
[ -e "$_table" ] || _fail "$_prefix does not exist: is the extension merged? To run it from a tree that is not, set FLATWRAP_ROOT=TREE"
${cached ? `[ -e /etc/ld.so.cache ] || _table=$_prefix/${TABLE_WITHOUT_CACHE}\n` : ''}\
${insteadOfUnshare(wrapping)}\
exec /usr/bin/unshare "$_new" --propagation slave /bin/sh "$_prefix/${ENTER}" "$_name" "$_uid" "$_gid" "$_table" "$@"
`;
}

/** Scripts in the prefix that wrappers run in the new namespaces. */
const ENTER = 'enter';
const TRY = 'try';

/** Returns the files that wrappers need in the prefix beside the staged root: content by file name. */
export function prefixFiles(wrapping: Wrapping): ReadonlyMap<string, string> {
  return new Map([...mountTables(wrapping.mounts), [ENTER, enter(wrapping)], [TRY, TRYING]]);
}

function enter({ form, prefix }: Wrapping): string {
  // on a terminal, mount prints a hint about a modified /etc/fstab
  return `# sh enter NAME UID GID TABLE PROGRAM [ARGUMENT]..., in a mount namespace of its own
${form === 'overmount' ? '' : NEW_ENOUGH}\
_why=$(/usr/bin/mount -a -T "$4" 2>&1) || { printf '%s: cannot set up its view: %s\\n' "$1" "$_why" >&2; exit 125; }
_uid=$2 _gid=$3 && shift 4
${form === 'overmount' ? OVERMOUNTED : chrooted(prefix)}`;
}

/** Checks the host's unshare, which enters a chroot view. The staged unshare enters an overmounted one. */
const NEW_ENOUGH = `case $(/usr/bin/unshare --help 2>&1) in
  *--map-user*) ;;
  *) printf '%s: cannot enter its view: /usr/bin/unshare does not come from util-linux 2.36 or newer\\n' "$1" >&2; exit 125 ;;
esac
`;

const OVERMOUNTED = `[ "$_uid" = 0 ] && exec "$@"
# the unshare of the staged root
exec /usr/bin/unshare -U --map-user="$_uid" --map-group="$_gid" -- "$@"
`;

function chrooted(prefix: string): string {
  return `_root=${shellWord(prefix)}
_here=$(pwd -P 2>/dev/null)
# /proc/self/cwd also leads to a directory that the view does not show, or that was deleted; none may lead to one that the
# caller cannot enter
if [ -n "$_here" ] && (cd "$_root$_here") 2>/dev/null; then :
elif (cd /proc/self/cwd) 2>/dev/null; then _here=/proc/self/cwd
else _here=/; fi
set -- --root "$_root" --wd "$_here" -- "$@"
[ "$_uid" = 0 ] || set -- -U --map-user="$_uid" --map-group="$_gid" "$@"
exec /usr/bin/unshare "$@"
`;
}

/** Overlays a tree that is not merged. It changes to the tree first, since mount options cannot express every path. */
const TRYING = `# sh try UID GID TREE WRAPPER [ARGUMENT]...: merges the tree with /usr as systemd-sysext would, and starts again
(cd -- "$3" && exec /usr/bin/mount -t overlay flatwrap -o lowerdir=usr:/usr /usr) || exit 125
_uid=$1 _gid=$2 && shift 3 && unset FLATWRAP_ROOT
[ "$_uid" = 0 ] && exec /bin/sh "$@"
exec /usr/bin/unshare -U --map-user="$_uid" --map-group="$_gid" /bin/sh "$@"
`;

/** Kernel settings by which only root may create user namespaces: Debian's own, and the standard one. */
export const rootOnlyNamespaces: readonly string[] = [
  'kernel/unprivileged_userns_clone=0',
  'user/max_user_namespaces=0',
];

/** Ubuntu's: only programs with an AppArmor profile may, and bwrap has one. */
const RESTRICTING = 'kernel/apparmor_restrict_unprivileged_userns=1';

/** Returns the wrapper's lines for callers other than root, which use `_uid`, `_table`, `_prefix` and `_fail`. */
function insteadOfUnshare(wrapping: Wrapping): string {
  switch (wrapping.runner) {
    case 'unshare':
      return ask(
        rootOnlyNamespaces,
        '    _fail "the kernel lets only root create user namespaces ($_setting)"\n',
      );
    case 'auto':
      return ask(
        [...rootOnlyNamespaces, RESTRICTING],
        `    if [ -x ${BWRAP} ]; then${bwrap(wrapping, '      ')}    fi
    [ "\${_setting#*=}" = 1 ] || _fail "the kernel lets only root create user namespaces ($_setting), and there is no ${BWRAP}"
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

/** bwrap stays the parent and receives the caller's signals: it must kill the program when it dies. */
function bwrap(wrapping: Wrapping, indent: string): string {
  const mounts = insideMounts(wrapping);
  const options = mounts
    .filter(mount => !mount.ofCache)
    .map(({ from, at, readOnly, optional }) => {
      // --bind would make devices inaccessible
      const option = `--${readOnly ? 'ro' : 'dev'}-bind${optional ? '-try' : ''}`;
      return `${option} ${shellWord(from)} ${shellWord(at)}`;
    });
  const base = wrapping.form === 'overmount' ? ['--dev-bind / /'] : [];
  const lines = [
    'set -- -- "$@"',
    ...mounts
      .filter(mount => mount.ofCache)
      .map(
        ({ from, at }) =>
          // on a host without a cache, bwrap would create the mount point
          `[ "$_table" = "$_prefix/${TABLE}" ] && set -- --ro-bind ${shellWord(from)} ${shellWord(at)} "$@"`,
      ),
    `exec ${BWRAP} --die-with-parent ${[...base, ...options].join(' ')} "$@"`,
  ];
  return ['', ...lines].join(`\n${indent}`) + '\n';
}
