import { someOf } from '../../printable.ts';
import { FlixError } from '../../errors.ts';
import { isOfEveryHost } from '../../needs/every-host.ts';
import { families } from '../../needs/families.ts';
import type { Need } from '../../needs/need.ts';
import { follow } from '../../view/follow.ts';
import { parent, within } from '../../view/path.ts';
import type { View } from '../../view/view.ts';
import { walk } from '../../view/walk.ts';
import type { Claims } from '../claims.ts';
import type { PlannedFile } from '../plan.ts';
import type { Remark } from '../../manifest/manifest.ts';
import { targetOf } from '../target.ts';
import { type Host, listOf } from './host.ts';

/** Returns the path of the host that a file of the tree would hide: the file itself, or a link above it. */
function hiddenBy(target: string, { view }: Host): string | undefined {
  for (let at = parent(target); at !== '/'; at = parent(at)) {
    const kind = view.kind(at);
    if (kind !== undefined && kind !== 'directory') return at;
  }
  return view.kind(target) === undefined ? undefined : target;
}

/** Whether every host has a file of the tree at its place. */
export function isOnEveryHost({ target, content }: PlannedFile, hosts: readonly Host[]): boolean {
  return !isDirectory(content) && hosts.every(host => hiddenBy(target, host) === target);
}

/** Decides which needs of a root the hosts satisfy. */
export class HostFiles {
  readonly #hosts: readonly Host[];
  readonly #root: View;
  readonly #skip: (path: string) => boolean;

  /** @param root in which the directories of needs are listed */
  constructor(hosts: readonly Host[], root: View, skip: (path: string) => boolean) {
    this.#hosts = hosts;
    this.#root = root;
    this.#skip = skip;
  }

  /**
   * Whether every host has what a need names: a file, every file of a directory, or another of the places at which the
   * family of the need looks.
   *
   * @param path its place below /usr
   */
  provides({ evidence }: Need, path: string): boolean {
    // programs do without these directories, but what a script runs has to be there
    if (isOfEveryHost(path) && !/\/s?bin\/[^/]+$/.test(path)) return true;
    const family = families.find(({ name }) => evidence.kind === 'family' && name === evidence.text);
    const others = family?.first ? family.paths.filter(other => !/[$*]/.test(other)) : [];
    return this.#hosts.every(host => this.#hasAll(host, path) || others.some(other => has(host, other)));
  }

  /** Returns why a need cannot be brought: only some of the hosts have it, or a file in it. */
  refuses({ what }: Need): string | undefined {
    for (const file of this.#filesAt(what)) {
      const having = this.#hosts.filter(host => has(host, file));
      if (having.length > 0 && having.length < this.#hosts.length)
        return `of the hosts, only ${listOf(having.map(({ label }) => label))} has ${file}`;
    }
    return undefined;
  }

  /** Whether every host has a path. */
  have(path: string): boolean {
    return this.#hosts.every(host => has(host, path));
  }

  #hasAll(host: Host, path: string): boolean {
    return has(host, path) && this.#filesAt(path).every(file => has(host, file));
  }

  #filesAt(path: string): string[] {
    const real = follow(this.#root, path);
    if (real.path === undefined || real.kind !== 'directory') return [targetOf(path) ?? path];
    return [...walk(this.#root, real.path, this.#skip)].flatMap(entry =>
      entry.kind === 'directory' ? [] : [targetOf(entry.path) ?? entry.path],
    );
  }
}

function has({ view }: Host, path: string): boolean {
  return follow(view, path).path !== undefined;
}

/** The reasons of files that the user named themselves, not by a directory or package that contains them. */
const NAMED: ReadonlySet<string> = new Set(['requested', 'included', 'in the tree', 'in the overlay']);

/**
 * Withdraws files of packages, directories and needs that every host has. Throws `FlixError`: `host-has-it` for a file that
 * the user named, because it would replace that of the host; `hosts-differ` for files that only some of
 * the hosts have.
 *
 * @returns the paths that are left out, in C order
 */
export function leaveToHosts(claims: Claims, hosts: readonly Host[]): string[] {
  const named: string[] = [];
  const partial: string[] = [];
  const left: string[] = [];
  const files = claims.sorted();
  for (const { target, content, why } of files) {
    if (isDirectory(content)) continue;
    const having = hosts.flatMap(host => {
      const path = hiddenBy(target, host);
      return path === undefined ? [] : [{ host, path }];
    });
    if (having.length === 0) continue;
    const where = listOf(having.map(({ host }) => host.label));
    const link = having.find(({ path }) => path !== target);
    if (link) partial.push(`${target}: ${link.path} of ${link.host.label} is not a directory`);
    else if (having.length < hosts.length) partial.push(`${target}: only ${where} has it`);
    else if (NAMED.has(why)) named.push(`${target} of ${where}`);
    else left.push(target);
  }
  if (named.length > 0)
    throw new FlixError(
      'input',
      'host-has-it',
      `the tree would replace ${someOf(named)}, which the programs of the host use`,
      'Leave it out, or give it another place: PATH:/usr/other/place',
    );
  if (partial.length > 0)
    throw new FlixError(
      'input',
      'hosts-differ',
      `one tree does not fit all of the hosts:\n${partial
        .map(line => `  ${line}`)
        .slice(0, SHOWN)
        .join('\n')}${more(partial)}`,
      'Add --per-host, which makes a tree for each release, or leave these files out with --exclude.',
    );
  for (const target of left) claims.withdraw(target);
  withdrawEmpty(claims, files, left);
  return left;
}

/** Withdraws directories in which everything is left to the hosts. */
function withdrawEmpty(claims: Claims, files: readonly PlannedFile[], left: readonly string[]): void {
  const kept = claims.sorted().filter(({ content }) => !isDirectory(content));
  for (const { target, content } of files)
    if (
      isDirectory(content) &&
      left.some(path => within(target, path)) &&
      !kept.some(file => within(target, file.target))
    )
      claims.withdraw(target);
}

/** Says how many files are left to the hosts. */
export function leftRemarks(name: string, left: readonly string[], hosts: readonly Host[]): Remark[] {
  if (left.length === 0) return [];
  const which = hosts.length === 1 ? hosts[0]!.label : 'every host';
  return [
    {
      code: 'left-to-host',
      file: name,
      message: `${left.length} ${left.length > 1 ? 'files are' : 'file is'} not brought, because ${which} has ${left.length > 1 ? 'them' : 'it'}: ${someOf(left)}`,
    },
  ];
}

const SHOWN = 10;

function more(lines: readonly string[]): string {
  return lines.length > SHOWN ? `\n  and ${lines.length - SHOWN} more` : '';
}

function isDirectory({ kind }: PlannedFile['content']): boolean {
  return kind === 'directory' || kind === 'mount-point';
}
