import { follow } from '../../view/follow.ts';
import { join, normalise, parent, within } from '../../view/path.ts';
import type { View } from '../../view/view.ts';
import type { PlannedFile } from '../plan.ts';
import { linkText } from '../source.ts';
import { accountNamed, systemAccounts } from './accounts.ts';

/** Where an extension keeps the defaults of /etc and /var (tmpfiles.d(5), type `C`). */
const FACTORY = '/usr/share/factory';

/** Returns the file of tmpfiles.d to which flix writes the lines of an extension. */
export function stateFile(name: string): string {
  return `/usr/lib/tmpfiles.d/flix-${unitWord(name)}.conf`;
}

/** Writes a name with the characters that the name of a unit may have (systemd.unit(5)). */
export function unitWord(name: string): string {
  return name.replace(/[^\w.:-]/g, '-');
}

/** Returns where an extension keeps the default of a file of /etc or /var. */
export function factoryPath(path: string): string {
  return FACTORY + path;
}

/** Directories of every host, whose mode and owner are its own. */
const COMMON =
  /^\/(?:run(?:\/lock)?|var(?:\/(?:backups|cache|games|lib|local|lock|log|mail|opt|run|spool|tmp|www))?)$/;

/** A path outside /usr and /opt that the host gets when it lacks it. */
export interface StateLine {
  readonly path: string;
  /** Of tmpfiles.d. */
  readonly text: string;
  /** The default that the line copies. */
  readonly file: PlannedFile | undefined;
  /** Accounts that the line names. */
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

/**
 * Returns what makes a file, link or directory of /etc, /var or /run on a host that lacks it; `undefined`: every host has it,
 * or makes it by itself; `unnamed`: tmpfiles.d cannot express its name.
 *
 * @param from the path whose contents, mode and owner it gets; default: its own
 */
export function stateLine(
  view: View,
  path: string,
  why: string,
  from = path,
): StateLine | 'unnamed' | undefined {
  const { kind, mode, uid, gid } = view.stat(from);
  const place = path.startsWith('/var/run/') ? path.slice('/var'.length) : path;
  const target = pathField(place);
  if (target === undefined) return 'unnamed';
  if (kind === 'link') {
    const to = argumentField(linkText(view, path));
    return to === undefined
      ? 'unnamed'
      : { path: place, text: `L ${target} - - - - ${to}`, file: undefined, users: [], groups: [] };
  }
  if (kind === 'other' || (kind === 'directory' && COMMON.test(place))) return undefined;
  const user = accountNamed(view, 'passwd', uid);
  const group = accountNamed(view, 'group', gid);
  // a colon: only where the line creates something
  const owner = `:${user ?? 'root'} :${group ?? 'root'}`;
  const accounts = { users: user === undefined ? [] : [user], groups: group === undefined ? [] : [group] };
  const bits = (mode & 0o7777).toString(8).padStart(4, '0');
  if (kind === 'directory')
    return { path: place, text: `d ${target} :${bits} ${owner} -`, file: undefined, ...accounts };
  const copy = factoryPath(path);
  const source = view.source(from);
  return {
    path: place,
    text: `C ${target} :${bits} ${owner} - ${argumentField(copy)}`,
    file: {
      target: copy,
      role: 'resource',
      content: { kind: 'copy', view: source.view, path: source.path, edits: [] },
      why,
    },
    ...accounts,
  };
}

/**
 * Returns the lines in C order. At boot, before the accounts exist, systemd-tmpfiles skips a line that names one, but makes
 * its directory for root if another line makes a file in it. Such a line sets the owner of a directory that exists, too.
 */
export function stateTexts(lines: readonly StateLine[]): string[] {
  const isForRoot = ({ users, groups }: StateLine) => users.length === 0 && groups.length === 0;
  const early = lines.filter(isForRoot).map(({ path }) => path);
  const texts = lines.map(line => {
    const isMadeEarly =
      !isForRoot(line) &&
      line.text.startsWith('d ') &&
      early.some(path => path !== line.path && within(line.path, path));
    return isMadeEarly ? line.text.replace(/ :(\S+) :(\S+) :(\S+) -$/, ' $1 $2 $3 -') : line.text;
  });
  return [...new Set(texts)].sort();
}

/** Writes a path of tmpfiles.d, where systemd undoes quotes (src/tmpfiles/tmpfiles.c, parse_line); `undefined`: nothing can. */
function pathField(text: string): string | undefined {
  if (/\p{Cc}|\uFFFD/u.test(text)) return undefined;
  const escaped = quoted(text);
  return /\s/.test(escaped) ? `"${escaped}"` : escaped;
}

/**
 * Writes the last field of a line, where systemd undoes escapes like those of C, but no quotes (specifier_expansion_from_arg);
 * `undefined`: nothing can.
 */
function argumentField(text: string): string | undefined {
  if (text.includes('\uFFFD')) return undefined;
  if (text === '-') return String.raw`\x2d`; // alone, it stands for nothing
  const hex = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return quoted(text).replaceAll(/[\0-\x20\x7F]/g, hex);
}

function quoted(text: string): string {
  return text.replaceAll(/[\\"']/g, character => `\\${character}`).replaceAll('%', '%%');
}

const MAX_LINKS = 8;

/** Returns a path of /etc and, if it is a link, such as authselect(8) makes, all paths of /etc that it leads through. */
export function withLinkTargets(view: View, path: string): string[] {
  const paths = [path];
  for (let at = path; view.kind(at) === 'link' && paths.length <= MAX_LINKS;) {
    const text = view.readlink(at);
    at = normalise(text.startsWith('/') ? text : join(parent(at), text));
    if (!within('/etc', at)) break;
    paths.push(at);
  }
  return paths;
}

/** Where scripts make the directories of a service. */
const SERVICE_PLACES = ['/etc', '/var/cache', '/var/lib', '/var/log', '/var/spool'];

/** The directories of accounts that no package lists, because scripts made them. @param isListed whether any package does */
export function directoriesOf(
  view: View,
  accounts: ReadonlySet<string>,
  isListed: (path: string) => boolean,
): string[] {
  const users = systemAccounts(view, 'passwd').filter(({ name }) => accounts.has(name));
  const uids = new Set(users.map(({ id }) => id));
  // the group of a user that has its name; others, such as adm, belong to many packages
  const gids = new Set(
    systemAccounts(view, 'group').flatMap(({ name, id }) =>
      users.some(user => user.name === name) ? [id] : [],
    ),
  );
  if (uids.size === 0) return [];
  return SERVICE_PLACES.flatMap(place =>
    [...view.list(place)].flatMap(([name, kind]) => {
      const path = `${place}/${name}`;
      if (kind !== 'directory' || isListed(path)) return [];
      const { uid, gid } = view.stat(path);
      return uids.has(uid) || gids.has(gid) ? [path] : [];
    }),
  );
}

/** The files of a package’s own directories in /etc that no package lists. @param isListed whether any does */
export function unlisted(
  view: View,
  directories: readonly string[],
  isListed: (path: string) => boolean,
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const directory of directories) {
    if (!within('/etc', parent(directory)) || follow(view, directory).path !== directory) continue;
    const names = [...view.list(directory)]
      .filter(([name, kind]) => kind !== 'directory' && !isListed(`${directory}/${name}`))
      .map(([name]) => name)
      .sort();
    if (names.length > 0) found.set(directory, names);
  }
  return found;
}
