import type { Release, Row } from '../row.ts';
import { rows } from '../rows.ts';
import type { Case } from './case.ts';

/** Rows of trixie whose packages are compared with what apt installs. */
const ofTrixie = `
btop, vim-nox, mc, less, htop, nano, tmux, w3m, ncdu, nginx, haproxy, apache2, lighttpd, postgresql, redis-server,
openssh-server, dnsmasq, rsync, unbound, mosquitto, python3, tcl, nodejs, lua with cjson and lpeg,
perl with DBD::SQLite and XML::LibXML, sox, ghostscript, graphviz, rsvg-convert, git, postfix, krb5-user, qemu-utils, curl,
openssh-client, sqlite3, gnupg, openssl, nmap, jq`;

/** Rows of bookworm for a newer host, and for hosts of both releases. */
const ofBookworm = `
btop, tilde, mc, less, nginx, haproxy, lighttpd, tcl, git, curl, sqlite3, jq`;

/** All cases: each program with real work, for one host of its own release, of a newer one, and for both. */
export const cases: readonly Case[] = [
  ...namesIn(ofTrixie).map(name => caseOf(name, 'trixie', ['trixie'])),
  ...namesIn(ofBookworm).map(name => caseOf(name, 'bookworm', ['trixie'])),
  ...namesIn(ofBookworm).map(name => caseOf(name, 'bookworm', ['bookworm', 'trixie'])),
];

function namesIn(list: string): string[] {
  return list.split(',').map(name => name.trim());
}

function caseOf(name: string, release: Release, hosts: readonly Release[]): Case {
  const row: Row | undefined = rows.find(
    each =>
      each.name === name && (each.releases?.includes(release) ?? true) && each.vendor[0] === '--package',
  );
  if (!row) throw new Error(`there is no row ${name} of ${release} that names a package`);
  return { row, release, hosts };
}
