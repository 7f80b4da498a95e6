import type { Missing } from '../resolve/closure.ts';
import type { Evidence } from './check.ts';
import type { Severity } from './finding.ts';
import type { Subject } from './subject.ts';
import { sameAbi } from '../elf/machine.ts';
import { follow } from '../view/follow.ts';
import { ldConfDirectories } from '../view/ld-conf.ts';
import { memoised } from '../view/memo.ts';
import { objectAt } from '../view/object.ts';
import { basename, join, parent } from '../view/path.ts';
import { readText } from '../view/text.ts';
import type { View } from '../view/view.ts';
import { hostObjects } from './host-objects.ts';

/** A library that a loader does not find for a subject. */
export interface MissingOf {
  readonly subject: Subject;
  readonly missing: Missing;
  readonly absence: Absence;
}

const known = new WeakMap<Evidence, readonly MissingOf[]>();

/** All of them, where a loader is there to search; of what is preloaded it only complains. */
export function missingLibraries(evidence: Evidence): readonly MissingOf[] {
  let all = known.get(evidence);
  if (!all)
    known.set(
      evidence,
      (all = evidence.subjects.flatMap(subject =>
        subject.closure.loader
          ? subject.closure.missing
              .filter(({ tag }) => tag !== 'preload')
              .map(missing => ({ subject, missing, absence: absenceOf(missing, evidence) }))
          : [],
      )),
    );
  return all;
}

/** Without a plugin a program still runs. */
export function severityFor({ role }: Subject): Severity {
  return role === 'program' ? 'error' : 'warning';
}

/** Why a loader does not find a library. */
type Absence =
  | { readonly why: 'nowhere' }
  /** It is there, and ldconfig would not enter it: a configuration below /usr names its directory. */
  | { readonly why: 'unread-configuration'; readonly path: string; readonly configuration: string }
  /** It is there, and ldconfig would enter it; but the cache is as it was before the merge. */
  | { readonly why: 'not-in-cache'; readonly path: string }
  /** It is there, in a directory that no rule leads to. */
  | { readonly why: 'elsewhere'; readonly path: string };

function absenceOf({ name, requester }: Missing, evidence: Evidence): Absence {
  if (name.includes('/')) return { why: 'nowhere' };
  const { view } = evidence.merge;
  const paths = filesNamed(name, evidence).filter(path => {
    const { facts } = objectAt(view, path);
    return facts && sameAbi(facts.header, requester.facts.header);
  });
  const configurations = unreadConfigurations(view, '/usr');
  for (const path of paths) {
    const configuration = configurations.get(parent(path));
    if (configuration !== undefined) return { why: 'unread-configuration', path, configuration };
  }
  const listed = configuredDirectories(view, '/etc/ld.so.conf');
  const cached = paths.find(path => listed.has(parent(path)));
  if (cached !== undefined) return { why: 'not-in-cache', path: cached };
  return paths.length > 0 ? { why: 'elsewhere', path: paths[0]! } : { why: 'nowhere' };
}

/** Libraries of extensions and host that bear a name. */
function filesNamed(name: string, { inventories, merge }: Evidence): string[] {
  const own = inventories.flatMap(({ objects }) => objects);
  const ofHost = merge.host ? hostObjects(merge.host.view).map(({ path }) => path) : [];
  return [...own, ...ofHost].filter(
    path =>
      merge.view.kind(path) === 'file' &&
      (basename(path) === name || objectAt(merge.view, path).facts?.dynamic?.soname === name),
  );
}

const configuredDirectories = memoised(
  (view, path): ReadonlySet<string> =>
    new Set(ldConfDirectories(view, path).map(directory => follow(view, directory).path ?? directory)),
);

/** ldconfig reads /etc/ld.so.conf and what that includes, and nothing below /usr. */
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
