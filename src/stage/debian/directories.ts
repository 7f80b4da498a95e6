import { type Change, CHANGE_PATHS, changesOf } from '../../packages/script-changes.ts';
import { normalise, within } from '../../view/path.ts';
import type { Staging } from '../staging.ts';
import type { Facts, Node } from '../staged-tree.ts';
import type { Accounts } from './accounts.ts';
import type { Installed } from './database.ts';
import { followScripts, type ScriptCommand } from './script-commands.ts';

/**
 * Makes the directories of /etc and /var that scripts would make, and sets modes and owners there, where a script certainly
 * does so and nothing of it depends on anything but the root. Returns how many directories and files, and
 * the commands that were left out.
 */
export function applyDirectories(
  staging: Staging,
  installed: readonly Installed[],
  accounts: Accounts,
): { readonly count: number; readonly left: readonly ScriptCommand[] } {
  const left: ScriptCommand[] = [];
  const files = new Files(staging, accounts);
  const kind = kindIn(staging);
  for (const owner of installed)
    followScripts(owner, kind, (command, isCertain) => {
      const { program, args } = command;
      if (program === 'getent') return accounts.isThere(args);
      if (program === 'which') return args[0] === undefined ? undefined : isInPath(kind, args[0]);
      if (!CHANGE_PATHS.has(program)) return undefined;
      if (program === 'dpkg-statoverride' && !args.includes('--add'))
        return args.includes('--list') ? files.isOverridden(args.at(-1)) : undefined;
      const changes = changesOf(program, args);
      const isKnown = changes?.every(change => files.canApply(change));
      if (isCertain && changes && isKnown) return changes.map(change => files.apply(change)).every(Boolean);
      const isElsewhere = changes?.every(({ path }) => !isState(path));
      // half of what a script does may be worse than nothing
      if (isCertain) for (const { path } of changes ?? []) files.spoil(path);
      if (!isElsewhere && (program !== 'install' || args.includes('-d'))) left.push(command);
      return undefined;
    });
  return { count: files.changed.size, left };
}

/** Returns the function that says what is at a path of a root that is being staged. */
export function kindIn({ tree }: Staging): (path: string) => 'file' | 'directory' | 'other' | undefined {
  return path => {
    const kind = tree.find(normalise(path))?.kind;
    return kind === undefined || kind === 'file' || kind === 'directory' ? kind : 'other';
  };
}

function isInPath(kind: ReturnType<typeof kindIn>, name: string): boolean {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some(place => kind(`${place}/${name}`) !== undefined);
}

/** Whether a path belongs to the state of a system, which a script may change. */
function isState(path: string): boolean {
  const place = normalise(path);
  const isRunning = within('/var/run', place) || within('/var/lock', place);
  return (within('/etc', place) || within('/var', place)) && !isRunning && !within('/var/lib/dpkg', place);
}

/** The directories and files of /etc and /var. */
class Files {
  readonly #staging: Staging;
  readonly #accounts: Accounts;
  readonly #overridden = new Set<string>();
  /** The facts of the paths that changed, before the first change. */
  readonly #before = new Map<string, Facts>();
  readonly #spoilt = new Set<string>();
  readonly changed = new Set<string>();

  constructor(staging: Staging, accounts: Accounts) {
    this.#staging = staging;
    this.#accounts = accounts;
  }

  isOverridden(path: string | undefined): boolean | undefined {
    return path === undefined ? undefined : this.#overridden.has(normalise(path));
  }

  /** Whether the path, the accounts and the mode of a change are known. */
  canApply({ path, user, group, mode }: Change): boolean {
    return (
      path.startsWith('/') &&
      isState(path) &&
      (user === undefined || this.#accounts.idOf('passwd', user) !== undefined) &&
      (group === undefined || this.#accounts.idOf('group', group) !== undefined) &&
      (mode === undefined || withMode(0, mode, true) !== undefined)
    );
  }

  /** Carries a change out. Returns whether the command succeeds. */
  apply(change: Change): boolean {
    const { tree } = this.#staging;
    const path = normalise(change.path);
    if (change.isOverride) this.#overridden.add(path);
    const node = tree.find(path);
    if (change.makes) {
      if (node && change.makes === true) return false;
      if (!node) {
        if (!this.#staging.addDirectory(path, {})) return false;
        this.#change(path, tree.find(path)!, change);
        this.changed.add(path);
      } else if (change.mode ?? change.user ?? change.group) this.#change(path, node, change);
      return true;
    }
    if (!node) return change.isOverride === true;
    this.#change(path, node, change);
    return true;
  }

  /** Undoes the changes of the mode and owner of a path, and refuses others. */
  spoil(given: string): void {
    const path = normalise(given);
    const facts = this.#before.get(path);
    if (facts) this.#staging.setFacts(path, facts);
    this.#spoilt.add(path);
  }

  #change(path: string, node: Node, { user, group, mode, isRecursive }: Change): void {
    const facts: Facts = {
      ...node.facts,
      ...(user !== undefined && { uid: this.#accounts.idOf('passwd', user)! }),
      ...(group !== undefined && { gid: this.#accounts.idOf('group', group)! }),
      ...(mode !== undefined && { mode: withMode(node.facts.mode, mode, node.kind === 'directory')! }),
    };
    const { uid, gid, mode: bits } = node.facts;
    const before = node.facts;
    const isChanged = facts.uid !== uid || facts.gid !== gid || facts.mode !== bits;
    if (isChanged && !this.#spoilt.has(path) && this.#staging.setFacts(path, facts)) {
      this.changed.add(path);
      if (!this.#before.has(path)) this.#before.set(path, before);
    }
    if (isRecursive && node.kind === 'directory')
      for (const [name, entry] of node.entries)
        if (entry.kind !== 'link')
          this.#change(`${path}/${name}`, entry, { path, isRecursive, user, group, mode });
  }
}

const LETTERS: Readonly<Record<string, number>> = { r: 4, w: 2, x: 1 };
const SHIFTS: Readonly<Record<string, readonly number[]>> = { u: [6], g: [3], o: [0], a: [6, 3, 0] };

/** Returns a mode changed as chmod(1) does; `undefined`: flix cannot read the change. */
function withMode(mode: number, change: string, isDirectory: boolean): number | undefined {
  // the bits 06000 of a directory stay unless five digits are given
  if (/^[0-7]{1,4}$/.test(change)) {
    const bits = Number.parseInt(change, 8);
    return isDirectory ? bits | (mode & 0o6000) : bits;
  }
  let bits = mode;
  for (const clause of change.split(',')) {
    const [, who, sign, letters] = /^([ugoa]+)([+=-])([rwxst]*)$/.exec(clause) ?? [];
    if (who === undefined) return undefined;
    const shifts = who.split('').flatMap(letter => SHIFTS[letter]!);
    let set = 0;
    for (const letter of letters!) {
      if (letter === 't') set |= 0o1000;
      else if (letter === 's') set |= (shifts.includes(6) ? 0o4000 : 0) | (shifts.includes(3) ? 0o2000 : 0);
      else for (const shift of shifts) set |= LETTERS[letter]! << shift;
    }
    if (sign === '=') for (const shift of shifts) bits &= ~(7 << shift);
    bits = sign === '-' ? bits & ~set : bits | set;
  }
  return bits;
}
