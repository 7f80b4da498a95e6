import { follow } from '../view/follow.ts';
import { memoised } from '../view/memo.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';

/** The users and groups that a root has or that systemd-sysusers creates for it: their names, and their numbers where files give them. */
export interface Accounts {
  readonly users: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

export function accountsOf(view: View): Accounts {
  return accounts(view, '/');
}

const accounts = memoised((view): Accounts => {
  const idsIn = (file: string) =>
    ['/etc', '/usr/lib'].flatMap(place =>
      (readText(view, `${place}/${file}`) ?? '').split('\n').flatMap(line => {
        const [name = '', , id = ''] = line.split(':');
        return [name, id];
      }),
    );
  // systemd synthesises root if no file lists it (nss-systemd(8))
  const users = new Set(['root', '0', ...idsIn('passwd')]);
  const groups = new Set(['root', '0', ...idsIn('group')]);
  for (const place of ['/etc/sysusers.d', '/usr/lib/sysusers.d'])
    for (const line of linesBelow(view, place)) {
      const [type = '', name = '', id = ''] = line.trim().split(/\s+/);
      const [user = '', group = user] = id.split(':');
      if (/^u!?$/.test(type)) users.add(name).add(user);
      if (/^u!?$/.test(type) && !/:[a-z]/.test(id)) groups.add(name).add(group);
      if (type === 'g') groups.add(name).add(id);
    }
  for (const place of ['/etc/userdb', '/usr/lib/userdb'])
    for (const name of view.list(place).keys()) {
      if (name.endsWith('.user')) users.add(name.slice(0, -'.user'.length));
      if (name.endsWith('.group')) groups.add(name.slice(0, -'.group'.length));
    }
  return { users, groups };
});

function linesBelow(view: View, place: string): string[] {
  const real = follow(view, place).path;
  if (real === undefined) return [];
  return [...view.list(real).keys()]
    .filter(name => name.endsWith('.conf'))
    .flatMap(name => (readText(view, `${real}/${name}`) ?? '').split('\n'));
}
