import type { Staging } from '../staging.ts';
import type { ScriptCommand } from './script-commands.ts';

/** An account as `adduser`, `addgroup`, `useradd` or `groupadd` would make it. */
interface Account {
  readonly user?: string;
  readonly group?: string;
  readonly id?: number;
  readonly home?: string;
  readonly makesHome?: boolean;
  readonly comment?: string;
  /** Groups that the user joins. */
  readonly memberOf?: readonly string[];
}

const NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
/** adduser.conf(5), FIRST_SYSTEM_UID and LAST_SYSTEM_UID. */
const FIRST = 100;
const LAST = 999;
const NOGROUP = 65_534;

/** Options of these programs whose value is the next word. */
const WITH_VALUE: ReadonlySet<string> = new Set(
  (
    '--home --shell --gecos --comment --uid --gid --ingroup --firstuid --lastuid --firstgid --lastgid --conf --home-dir --groups ' +
    '-d -s -c -u -g -G -b -k -K'
  ).split(' '),
);

/** The accounts of a root that is being staged. */
export class Accounts {
  readonly #staging: Staging;
  readonly #users: Table;
  readonly #groups: Table;
  /** How many were added. */
  count = 0;

  constructor(staging: Staging) {
    this.#staging = staging;
    this.#users = new Table(staging.readFile('/etc/passwd'));
    this.#groups = new Table(staging.readFile('/etc/group'));
  }

  /**
   * Adds the account of the system that a command would create, with the number that adduser(8) would choose. Returns
   * whether it is known which.
   */
  apply(command: ScriptCommand): boolean {
    const account = accountOf(command);
    if (account === undefined) return false;
    const { user, group, id, home, makesHome, comment, memberOf = [] } = account;
    const users = this.#users;
    const groups = this.#groups;
    if (group !== undefined && user === undefined) this.#addGroup(group, id);
    if (user !== undefined && !users.has(user) && (group !== undefined || home !== undefined)) {
      const number = id ?? users.free(groups);
      if (group === user) this.#addGroup(group, groups.isFree(number) ? number : undefined);
      const gid = group === undefined ? NOGROUP : (groups.idOf(group) ?? NOGROUP);
      const place = home ?? '/nonexistent';
      users.add([user, 'x', String(number), String(gid), comment ?? '', place, '/usr/sbin/nologin']);
      this.count++;
      if (makesHome && place.startsWith('/var/'))
        this.#staging.addDirectory(place, { mode: 0o755, uid: number, gid });
    }
    for (const name of memberOf) if (user !== undefined) groups.join(name, user);
    return true;
  }

  #addGroup(name: string, id?: number): void {
    if (this.#groups.has(name)) return;
    this.count++;
    this.#groups.add([name, 'x', String(id ?? this.#groups.free(this.#groups)), '']);
  }

  /** Returns the number of a user or group, which may be given as a number; `undefined`: there is none. */
  idOf(database: 'passwd' | 'group', name: string): number | undefined {
    const table = database === 'passwd' ? this.#users : this.#groups;
    return /^\d{1,5}$/.test(name) ? Number(name) : table.idOf(name);
  }

  /** Answers getent(1); `undefined`: it asks something else. */
  isThere([database, name, ...others]: readonly (string | undefined)[]): boolean | undefined {
    if ((database !== 'passwd' && database !== 'group') || !name || others.length > 0) return undefined;
    const table = database === 'passwd' ? this.#users : this.#groups;
    return /^\d+$/.test(name) ? !table.isFree(Number(name)) : table.has(name);
  }

  write(): void {
    this.#staging.replaceFile('/etc/passwd', this.#users.text());
    this.#staging.replaceFile('/etc/group', this.#groups.text());
  }
}

/** Reads a command that creates an account; `undefined`: it creates none, or only a shell knows which. */
function accountOf({ program, args }: ScriptCommand): Account | undefined {
  if (!['adduser', 'addgroup', 'useradd', 'groupadd'].includes(program)) return undefined;
  const options = new Map<string, string>();
  const names: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    if (word === undefined) return undefined;
    const [, name, value] = /^(--[\w-]+)=(.*)$/.exec(word) ?? [];
    if (name !== undefined) options.set(name, value!);
    else if (WITH_VALUE.has(word)) {
      const next = args[++at];
      // the comment does not matter
      if (next === undefined && word !== '--gecos' && word !== '-c' && word !== '--comment') return undefined;
      options.set(word, next ?? '');
    } else if (word.startsWith('-')) options.set(word, '');
    else names.push(word);
  }
  if (names.length === 0 || !names.every(name => NAME.test(name))) return undefined;
  const option = (...keys: string[]) => keys.map(key => options.get(key)).find(value => value !== undefined);
  const [first, second] = names;
  const number = (text: string | undefined) =>
    text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
  if (program === 'addgroup' || program === 'groupadd') {
    const id = number(option('--gid', '-g'));
    return second === undefined ? { group: first!, ...(id !== undefined && { id }) } : undefined;
  }
  if (second !== undefined) return { user: first!, memberOf: [second] };
  if (option('--system', '-r') === undefined) return undefined;
  const ingroup = option('--ingroup', '-g', '--gid');
  const group = ingroup ?? (option('--group', '-U', '--user-group') === undefined ? undefined : first);
  const id = number(option('--uid', '-u'));
  const home = option('--home', '-d', '--home-dir');
  const comment = option('--gecos', '-c', '--comment')?.replaceAll(/[:\n]/g, ' ');
  return {
    user: first!,
    ...(group !== undefined && NAME.test(group) && { group }),
    home: home !== undefined && /^\/[^:\n]*$/.test(home) ? home : '/nonexistent',
    makesHome: program === 'adduser' && option('--no-create-home') === undefined,
    ...(id !== undefined && { id }),
    ...(comment !== undefined && { comment }),
    memberOf: (option('-G', '--groups') ?? '').split(',').filter(name => NAME.test(name)),
  };
}

/** /etc/passwd or /etc/group. */
class Table {
  readonly #lines: string[][];

  constructor(bytes: Buffer | undefined) {
    this.#lines = (bytes?.toString('utf8') ?? '')
      .split('\n')
      .filter(Boolean)
      .map(line => line.split(':'));
  }

  has(name: string): boolean {
    return this.#lines.some(([own]) => own === name);
  }

  idOf(name: string): number | undefined {
    const line = this.#lines.find(([own]) => own === name);
    return line && Number(line[2]);
  }

  isFree(id: number): boolean {
    return this.#lines.every(([, , own]) => own !== String(id));
  }

  /** The first number that is free here and in another table. */
  free(other: Table): number {
    let id = FIRST;
    while (id < LAST && !(this.isFree(id) && other.isFree(id))) id++;
    return id;
  }

  add(fields: string[]): void {
    this.#lines.push(fields);
  }

  join(group: string, user: string): void {
    const line = this.#lines.find(([own]) => own === group);
    const members = (line?.[3] ?? '').split(',').filter(Boolean);
    if (line && !members.includes(user)) line[3] = [...members, user].join(',');
  }

  text(): string {
    return this.#lines.map(fields => `${fields.join(':')}\n`).join('');
  }
}
