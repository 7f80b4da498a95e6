import type { Remark } from '../../manifest/manifest.ts';
import type { Database, Package } from '../../packages/package.ts';
import { type Change, CHANGE_PATHS, changesOf } from '../../packages/script-changes.ts';
import { walkScript } from '../../packages/shell-walk.ts';
import { accountNamed } from './accounts.ts';
import { normalise } from '../../view/path.ts';
import type { View } from '../../view/view.ts';

const MAKE_ACCOUNTS: readonly string[] = ['adduser', 'addgroup', 'useradd', 'groupadd'];
/** Other programs by which scripts change a system in ways that the files of a package do not show. */
const CHANGE: readonly string[] = [
  'usermod',
  'chown',
  'chgrp',
  'chmod',
  'setcap',
  'dpkg-statoverride',
  'install',
  'mkdir',
  'touch',
  'cp',
  'mv',
  'ln',
  'db_get',
  'debconf-set-selections',
  'ssh-keygen',
  'openssl',
  'make-ssl-cert',
  'update-ca-certificates',
  'glib-compile-schemas',
  'gdk-pixbuf-query-loaders',
  'gtk-update-icon-cache',
  'update-mime-database',
  'update-desktop-database',
  'fc-cache',
  'systemctl',
  'modprobe',
  'sysctl',
];

/**
 * Lists the maintainer scripts of packages whose effect may be missing, since none is run, with the programs that they call. Sections that debhelper
 * adds are left out: what they do is done for an extension too (units, accounts, files), or has no purpose there (byte
 * code, upgrades).
 *
 * @param hasAccounts whether the extension creates the accounts that scripts create
 * @param state the paths of /etc and /var that the extension creates with their modes and owners
 */
export function scriptRemarks(
  view: View,
  known: Database,
  owners: readonly Package[],
  hasAccounts: boolean,
  state: ReadonlySet<string>,
): Remark[] {
  const remarks: Remark[] = [];
  const accounts = hasAccounts ? [] : MAKE_ACCOUNTS;
  for (const owner of owners) {
    const scripts = known.scriptsOf(owner).map(({ name, path, text }) => {
      const words = new Set(ownLines(text).flatMap(line => line.split(/[^\w-]+/)));
      // a script that runs before the files are there prepares an upgrade
      const programs = name.startsWith('pre') ? accounts : [...accounts, ...CHANGE];
      const called = programs.filter(program => words.has(program));
      const done = called.some(program => CHANGE_PATHS.has(program)) ? doneIn(text, view, state) : undefined;
      return { name, path, calls: called.filter(program => done?.has(program) !== true) };
    });
    const telling = scripts.filter(({ calls }) => calls.length > 0);
    for (const { name, path, calls } of telling)
      remarks.push({
        code: 'package-script',
        file: path,
        message: `the ${name} script of ${owner.name} is not run; it calls ${calls.join(', ')}. Check whether the programs need what it does.`,
      });
  }
  return remarks;
}

/** The lines of a script that are neither comments nor in a section of debhelper (dh_installdeb(1), `#DEBHELPER#`). */
function ownLines(text: string): string[] {
  const own: string[] = [];
  let isAdded = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('# Automatically added by dh_')) isAdded = true;
    else if (line.startsWith('# End automatically added')) isAdded = false;
    else if (!isAdded && !/^\s*#/.test(line)) own.push(line);
  }
  return own;
}

/**
 * Returns the programs of `CHANGE_PATHS` with which a script, at a first installation, does nothing but give these paths the
 * modes and owners that they have.
 */
function doneIn(text: string, view: View, state: ReadonlySet<string>): ReadonlySet<string> | undefined {
  const done = new Set(CHANGE_PATHS);
  const kind = (path: string) => {
    const there = view.kind(normalise(path));
    return there === 'link' ? 'other' : there;
  };
  const request = { args: ['configure', ''], variables: { DPKG_ROOT: '' } };
  const isWhole = walkScript(text, request, {
    kind,
    run([program, ...args]) {
      const isListed = program === 'dpkg-statoverride' && !args.includes('--add');
      if (program === undefined || isListed || !CHANGE_PATHS.has(program)) return undefined;
      const changes = changesOf(program, args);
      const isDone = ({ path, ...change }: Change) =>
        state.has(normalise(path)) && hasFacts(view, normalise(path), change);
      if (!changes?.every(isDone)) done.delete(program);
      return undefined;
    },
  });
  return isWhole ? done : undefined;
}

function hasFacts(view: View, path: string, { user, group, mode }: Omit<Change, 'path'>): boolean {
  const facts = view.stat(path);
  const isOf = (file: 'passwd' | 'group', id: number, name: string | undefined) =>
    name === undefined || name === String(id) || name === (accountNamed(view, file, id) ?? 'root');
  return (
    isOf('passwd', facts.uid, user) &&
    isOf('group', facts.gid, group) &&
    (mode === undefined || (facts.mode & 0o7777) === (/^[0-7]+$/.test(mode) ? Number.parseInt(mode, 8) : -1))
  );
}
