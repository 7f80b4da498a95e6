import type { Remark } from '../../manifest/manifest.ts';
import type { Database, Package } from '../../packages/package.ts';

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
 */
export function scriptRemarks(known: Database, owners: readonly Package[], hasAccounts: boolean): Remark[] {
  const remarks: Remark[] = [];
  const accounts = hasAccounts ? [] : MAKE_ACCOUNTS;
  for (const owner of owners) {
    const scripts = known.scriptsOf(owner).map(({ name, path, text }) => {
      const words = new Set(ownLines(text).flatMap(line => line.split(/[^\w-]+/)));
      // a script that runs before the files are there prepares an upgrade
      const programs = name.startsWith('pre') ? accounts : [...accounts, ...CHANGE];
      return { name, path, calls: programs.filter(program => words.has(program)) };
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
