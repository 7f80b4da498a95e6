import { insideMounts } from './inside.ts';
import { TABLE } from './mount-table.ts';
import { quote } from './shell.ts';
import type { Wrapping } from './wrapping.ts';

/** Settings of a kernel that lets only root make user namespaces: Debian's and everybody's. */
const FORBIDDING = ['kernel/unprivileged_userns_clone=0', 'user/max_user_namespaces=0'];

/** Ubuntu's: programs with a profile may, which bwrap has. */
const RESTRICTING = 'kernel/apparmor_restrict_unprivileged_userns=1';

/** Lines of the wrapper for callers who are not root. It knows `_uid`, `_table`, `_prefix` and `_fail`. */
export function insteadOfUnshare(wrapping: Wrapping): string {
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
