import { declaredBy } from '../../systemd/accounts.ts';
import { tmpfilesLines } from '../../systemd/tmpfiles.ts';
import { namesIn, parseSettings, type UnitFile, valuesOf } from '../../systemd/unit-files.ts';
import { basename } from '../../view/path.ts';
import { readText } from '../../view/text.ts';
import type { View } from '../../view/view.ts';

/**
 * A line of /etc/passwd or /etc/group that an installation made. The numbers below 1000 are for these (login.defs(5)), and
 * those from 60000 to 64999 for packages that need the same number everywhere (Debian Policy, 9.2.2).
 */
export interface SystemAccount {
  readonly name: string;
  readonly id: number;
  readonly fields: readonly string[];
}

export function systemAccounts(view: View, file: 'passwd' | 'group'): SystemAccount[] {
  return (readText(view, `/etc/${file}`) ?? '').split('\n').flatMap(line => {
    const fields = line.split(':');
    const [name = '', , number = ''] = fields;
    const id = /^(?:\d{1,3}|6[0-4]\d{3})$/.test(number) ? Number(number) : 0;
    return id > 0 && /^[a-z_][a-z0-9_-]{0,30}$/.test(name) ? [{ name, id, fields }] : [];
  });
}

/** The system account of a number; `undefined`: it is root, or has no name. */
export function accountNamed(view: View, file: 'passwd' | 'group', id: number): string | undefined {
  return id === 0 ? undefined : systemAccounts(view, file).find(account => account.id === id)?.name;
}

/** What may name accounts; the paths are those of the root. */
interface AccountSources {
  readonly units: readonly string[];
  readonly tmpfiles: readonly string[];
  readonly sysusers: readonly string[];
  readonly state: readonly { readonly users: readonly string[]; readonly groups: readonly string[] }[];
  readonly texts: readonly string[];
}

/**
 * Returns lines of sysusers.d for the accounts that the packages use, that the root has, and that no sysusers.d file of
 * the packages declares. The host chooses the numbers.
 */
export function accountLines(view: View, sources: AccountSources): string[] {
  const { state, texts } = sources;
  const named = new Set([
    ...state.flatMap(({ users }) => users),
    ...state.flatMap(({ groups }) => groups),
    ...sources.units.flatMap(path => accountsOfUnit(view, path)),
    ...sources.tmpfiles.flatMap(path =>
      tmpfilesLines(view, path).flatMap(({ user, group }) => [user, group]),
    ),
    ...texts.flatMap(accountsInText),
  ]);
  const declared = sources.sysusers.map(path => declaredBy(view, path));
  const users = systemAccounts(view, 'passwd').filter(
    ({ name }) => named.has(name) && !declared.some(accounts => accounts.users.has(name)),
  );
  const groupsOfRoot = systemAccounts(view, 'group');
  const groups = groupsOfRoot.filter(
    ({ name }) =>
      named.has(name) &&
      !declared.some(accounts => accounts.groups.has(name)) &&
      !users.some(user => user.name === name),
  );
  const memberships = users.flatMap(user =>
    groupsOfRoot
      .filter(
        ({ name, id, fields }) =>
          name !== user.name &&
          (String(id) === user.fields[3] || (fields[3] ?? '').split(',').includes(user.name)),
      )
      .map(group => `m ${user.name} ${group.name}`),
  );
  return [
    ...groups.map(({ name }) => `g ${name} -`),
    ...users.map(
      ({ name, fields }) =>
        `u ${name} - "${plain(fields[4] ?? '')}" ${homeOf(fields[5])}${shellOf(fields[6])}`,
    ),
    ...memberships,
  ];
}

function plain(text: string): string {
  return text.replace(/[^\w .,()/+-]/g, '');
}

function homeOf(text = ''): string {
  return /^\/[\w./+-]+$/.test(text) && text !== '/nonexistent' ? text : '-';
}

/** Without a shell, systemd-sysusers gives the account nologin. */
function shellOf(text = ''): string {
  return /^\/[\w./+-]+$/.test(text) && !/\/(?:nologin|false)$/.test(text) ? ` ${text}` : '';
}

function accountsOfUnit(view: View, path: string): string[] {
  const unit = unitAt(view, path);
  return [
    ...['User', 'Group'].flatMap(key => valuesOf(unit, 'Service', key)),
    ...namesIn(unit, 'Service', 'SupplementaryGroups'),
    ...['SocketUser', 'SocketGroup'].flatMap(key => valuesOf(unit, 'Socket', key)),
  ];
}

/** A setting such as `user www-data;` or `DAEMON_USER=ntp`. */
const ACCOUNT = /(?:user|group)\w{0,20}["']?[ \t]{0,8}[=: \t][ \t"']{0,8}([a-z_][\w-]{0,31})/gi;
/** Files of /usr that name accounts: policies and services of the bus, and rules of udev. */
export const NAMES_ACCOUNTS =
  /^\/usr\/(?:share\/dbus-1\/system(?:\.d|-services)|lib\/udev\/rules\.d)\/[^/]+$/;
const MAKES_ACCOUNTS = /\b(?:adduser|addgroup|useradd|groupadd)\b/;

/** A description, such as `--gecos "Chrony daemon"`. */
const PHRASE = /"[^"\s]*\s[^"]*"|'[^'\s]*\s[^']*'/g;

/** Words that may be accounts: in settings, and in lines that create accounts. */
export function accountsInText(text: string): string[] {
  const lines = text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter(line => !/^\s*#/.test(line));
  const words = lines
    .filter(line => MAKES_ACCOUNTS.test(line))
    .flatMap(line => line.replace(PHRASE, '').split(/[^\w-]+/));
  const settings = lines.flatMap(line => Array.from(line.matchAll(ACCOUNT), ([, name]) => name!));
  return [...words, ...settings];
}

/** A unit file of the root, without its drop-ins. */
export function unitAt(view: View, path: string): UnitFile {
  return { name: basename(path), path, isDropIn: false, settings: parseSettings(readText(view, path) ?? '') };
}
