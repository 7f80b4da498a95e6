import { accountsOf } from '../../../systemd/accounts.ts';
import { isOn, namesIn, type UnitFile, unitFiles, valuesOf, wholeUnit } from '../../../systemd/unit-files.ts';
import { tmpfilesFiles, tmpfilesLines } from '../../../systemd/tmpfiles.ts';
import type { View } from '../../../view/view.ts';
import { defineCheck, gathered, type Observation } from '../../check.ts';
import type { Merge } from '../../merge.ts';

export const unknownUser = defineCheck(
  'activation/unknown-user',
  {
    title: 'A unit or a tmpfiles.d line needs an account that does not exist',
    means:
      'A unit of the extension sets User=, Group=, SupplementaryGroups=, SocketUser= or SocketGroup= to a name or ' +
      'number that the host does not know, or a line of tmpfiles.d names it as an owner, and no sysusers.d file of the ' +
      'host or of an extension creates it. Packages create such accounts when they are installed, but nobody installs ' +
      'a package here.',
    matters:
      'The service or socket fails with status 217/USER or 216/GROUP. systemd-tmpfiles skips the line, so the file or ' +
      'directory is missing.',
    fix:
      'Ship usr/lib/sysusers.d/NAME.conf with “u NAME -”, and make sure that systemd-sysusers runs after the ' +
      'merge. Or let systemd create a user while the service runs: DynamicUser=yes.',
  },
  ({ merge }) => gathered(find(merge)),
);

/** Settings that name accounts, by the section in which they stand. */
const SETTINGS = [
  ['Service', 'User', 'users'],
  ['Service', 'Group', 'groups'],
  ['Service', 'SupplementaryGroups', 'groups'],
  ['Socket', 'SocketUser', 'users'],
  ['Socket', 'SocketGroup', 'groups'],
] as const;

function* find(merge: Merge): Generator<Observation> {
  const { extensions, host, view, extensionOf } = merge;
  if (!host) return;
  const accounts = accountsOf(view);
  for (const extension of extensions) {
    for (const file of unitFiles(extension.view)) {
      // a drop-in from anywhere may override it
      const unit = wholeUnit(view, file.name)!;
      for (const [section, key, kind] of SETTINGS) {
        if (section === 'Service' && isOn(unit, 'Service', 'DynamicUser', false)) continue;
        const holds =
          key === 'SupplementaryGroups'
            ? namesIn(unit, section, key)
            : valuesOf(unit, section, key).slice(-1);
        for (const name of namesIn(file, section, key)) {
          // the value of a specifier is unknown here
          if (accounts[kind].has(name) || name.includes('%') || !holds.includes(name)) continue;
          if (dynamicNames(view, unit).has(name)) continue;
          yield {
            severity: 'error',
            extension,
            subject: file.path,
            culprit: name,
            message: `${file.path} sets ${key}=${name}, but nothing creates that account`,
            fix: `${lineFor(extension.name, kind, name)}${section === 'Service' ? ', or use DynamicUser=yes' : ''}.`,
          };
        }
      }
    }
    for (const file of tmpfilesFiles(view).filter(path => extensionOf(path) === extension))
      for (const { type, path, user, group } of tmpfilesLines(view, file))
        for (const [kind, name] of [['users', user] as const, ['groups', group] as const]) {
          if (name === '' || /%|^\d+$/.test(name) || accounts[kind].has(name)) continue;
          yield {
            severity: 'error',
            extension,
            subject: file,
            culprit: name,
            message: `${file} creates ${path} for ${name}, but nothing creates that account, so systemd-tmpfiles skips the line “${type} ${path}”`,
            fix: `${lineFor(extension.name, kind, name)}.`,
          };
        }
  }
}

/**
 * Returns the names of users and groups that exist while a unit runs because a unit that it requires allocates them: a unit with
 * DynamicUser= has a user and a group by the names of its User= and Group= (systemd.exec(5)).
 */
function dynamicNames(view: View, unit: UnitFile): Set<string> {
  const required = ['Requires', 'BindsTo', 'Requisite', 'Wants'].flatMap(key => namesIn(unit, 'Unit', key));
  const before = new Set(namesIn(unit, 'Unit', 'After'));
  return new Set(
    required.flatMap(name => {
      const other = before.has(name) ? wholeUnit(view, name) : undefined;
      if (!other || !isOn(other, 'Service', 'DynamicUser', false)) return [];
      return ['User', 'Group'].flatMap(key => valuesOf(other, 'Service', key).slice(-1));
    }),
  );
}

function lineFor(extension: string, kind: 'users' | 'groups', name: string): string {
  const id = /^\d+$/.test(name) ? `NAME ${name}` : `${name} -`;
  return `Ship /usr/lib/sysusers.d/${extension}.conf with “${kind === 'users' ? 'u' : 'g'} ${id}”`;
}
