import { memoised } from '../view/memo.ts';
import { readText, textParser } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { dropIns } from './configuration-files.ts';
import { splitWords } from './exec-lines.ts';

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
  for (const file of sysusersFiles(view)) {
    const declared = declaredBy(view, file);
    for (const name of declared.users) users.add(name);
    for (const name of declared.groups) groups.add(name);
  }
  for (const place of ['/etc/userdb', '/usr/lib/userdb'])
    for (const name of view.list(place).keys()) {
      if (name.endsWith('.user')) users.add(name.slice(0, -'.user'.length));
      if (name.endsWith('.group')) groups.add(name.slice(0, -'.group'.length));
    }
  return { users, groups };
});

/** The sysusers.d files that systemd-sysusers reads, in its order (sysusers.d(5)). */
export function sysusersFiles(view: View): string[] {
  return dropIns(view, PLACES);
}

const PLACES = ['/etc', '/run', '/usr/local/lib', '/usr/lib'].map(place => `${place}/sysusers.d`);

/** Returns the accounts that a sysusers.d file declares: their names, and their numbers where it gives them. */
export function declaredBy(view: View, file: string): Accounts {
  return declaredAt(view, file) ?? { users: new Set(), groups: new Set() };
}

const declaredAt = textParser((text): Accounts => {
  const users = new Set<string>();
  const groups = new Set<string>();
  for (const line of text.split('\n')) {
    const [type = '', name = '', id = ''] = splitWords(line);
    const [user = '', group = user] = id.split(':');
    if (/^u!?$/.test(type)) users.add(name).add(user);
    if (/^u!?$/.test(type) && !/:[a-z]/.test(id)) groups.add(name).add(group);
    if (type === 'g') groups.add(name).add(id);
    if (type === 'm') {
      users.add(name);
      groups.add(name).add(id);
    }
  }
  for (const none of ['', '-']) {
    users.delete(none);
    groups.delete(none);
  }
  return { users, groups };
});
