import { isPrivateDirectory } from '../manifest/manifests-in.ts';
import { sameAbi } from '../elf/machine.ts';
import type { Missing } from '../resolve/closure.ts';
import { follow } from '../view/follow.ts';
import { ldConfDirectories } from '../view/ld-conf.ts';
import { memoised } from '../view/memo.ts';
import { objectAt } from '../view/object.ts';
import { basename, join, parent } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import type { Evidence } from './check.ts';
import type { Severity } from './finding.ts';
import { hostObjects } from './host-objects.ts';
import { oncePer } from './once.ts';
import type { Subject } from './subject.ts';

/** A library that the loader does not find for a subject. */
export interface MissingForSubject {
  readonly subject: Subject;
  readonly missing: Missing;
  readonly absence: Absence;
}

/**
 * Returns all missing libraries of subjects that have a loader. Preloaded ones are left out: the loader only warns
 * about them.
 */
export const missingLibraries = oncePer((evidence: Evidence): readonly MissingForSubject[] =>
  evidence.subjects.flatMap(subject =>
    subject.closure.loader
      ? subject.closure.missing
          .filter(({ tag }) => tag !== 'preload')
          .map(missing => ({ subject, missing, absence: absenceOf(missing, subject, evidence) }))
      : [],
  ),
);

/** A program still runs without a plugin, so a plugin gets a warning. */
export function severityFor({ role }: Subject): Severity {
  return role === 'program' ? 'error' : 'warning';
}

/** Why the loader does not find a library. */
type Absence =
  | { readonly why: 'nowhere' }
  /** It exists, but ldconfig would not enter it, because only a configuration below /usr names its directory. */
  | { readonly why: 'unread-configuration'; readonly path: string; readonly configuration: string }
  /** It exists, and ldconfig would enter it, but the cache dates from before the merge. */
  | { readonly why: 'not-in-cache'; readonly path: string }
  /** It exists in a directory that no rule searches. */
  | { readonly why: 'elsewhere'; readonly path: string };

function absenceOf({ name, requester }: Missing, { extension }: Subject, evidence: Evidence): Absence {
  if (name.includes('/')) return { why: 'nowhere' };
  const { view, extensionOf } = evidence.merge;
  const paths = (filesByName(evidence).get(name) ?? []).filter(path => {
    const { facts } = objectAt(view, path);
    return facts && sameAbi(requester.facts.header, facts.header);
  });
  const configurations = unreadConfigurations(view, '/usr');
  // what another extension has for its own programs is not for this one
  const usable = paths.filter(
    path => [extension, undefined].includes(extensionOf(path)) && !isPrivate(view, path),
  );
  for (const path of usable) {
    const configuration = configurations.get(parent(path));
    if (configuration !== undefined) return { why: 'unread-configuration', path, configuration };
  }
  const listed = configuredDirectories(view, '/etc/ld.so.conf');
  const cached = paths.find(path => listed.has(parent(path)));
  if (cached !== undefined) return { why: 'not-in-cache', path: cached };
  return usable[0] === undefined ? { why: 'nowhere' } : { why: 'elsewhere', path: usable[0] };
}

/** Whether a file is in the private directory of a tree that flix made. A running host may have merged such a tree. */
function isPrivate(view: View, path: string): boolean {
  for (let at = parent(path); at !== '/'; at = parent(at)) if (isPrivateDirectory(view, at)) return true;
  return false;
}

/**
 * Returns the files of the extensions and the host by file name and soname. A file may name tens of thousands of libraries,
 * so the files are not searched for each.
 */
const filesByName = oncePer(({ inventories, merge }: Evidence): ReadonlyMap<string, readonly string[]> => {
  const own = inventories.flatMap(({ objects }) => objects);
  const ofHost = merge.host ? hostObjects(merge.host.view).map(({ path }) => path) : [];
  const files = new Map<string, string[]>();
  for (const path of [...own, ...ofHost]) {
    if (merge.view.kind(path) !== 'file') continue;
    const names = new Set([basename(path), objectAt(merge.view, path).facts?.dynamic?.soname]);
    for (const name of names) {
      if (name === undefined) continue;
      const named = files.get(name);
      if (named) named.push(path);
      else files.set(name, [path]);
    }
  }
  return files;
});

const configuredDirectories = memoised(
  (view, path): ReadonlySet<string> =>
    new Set(ldConfDirectories(view, path).map(directory => follow(view, directory).path ?? directory)),
);

/** Places of ld.so.conf below /usr. ldconfig reads only /etc/ld.so.conf and the files that it includes. */
const UNREAD = ['lib', 'lib64', 'etc', 'share', 'share/factory/etc', 'local/etc', 'share/defaults/etc'];

const unreadConfigurations = memoised((view, usr): ReadonlyMap<string, string> => {
  const directories = new Map<string, string>();
  for (const file of UNREAD.flatMap(place => configurationsIn(view, join(usr, place))))
    for (const line of (readText(view, file) ?? '').split('\n')) {
      const directory = line.replace(/#.*/, '').trim();
      if (directory.startsWith('/')) directories.set(follow(view, directory).path ?? directory, file);
    }
  return directories;
});

function configurationsIn(view: View, place: string): string[] {
  const below = [...view.list(join(place, 'ld.so.conf.d')).keys()];
  return [...below.map(name => join(join(place, 'ld.so.conf.d'), name)), join(place, 'ld.so.conf')];
}
