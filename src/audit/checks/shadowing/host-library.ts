import type { ElfFacts } from '../../../elf/facts.ts';
import { compareAsSystemd } from '../../../systemd/version-order.ts';
import { follow } from '../../../view/follow.ts';
import { objectAt } from '../../../view/object.ts';
import { basename, parent } from '../../../view/path.ts';
import type { View } from '../../../view/view.ts';
import { selectChanged } from '../../changed-paths.ts';
import { defineCheck, type Observation } from '../../check.ts';
import { fromExtensions, hostChanges, predecessor } from '../../host-change.ts';
import { isLibcPart } from '../../../libc/libc.ts';
import type { Merge } from '../../merge.ts';
import { sameContent } from '../../same-entry.ts';

interface HiddenLibrary extends Observation {
  /** The real path of the host’s library, on the host. */
  readonly hidden: string;
  /** How old the extension’s copy is, compared with it. */
  readonly age: Age;
  /** Files of the host that load the extension’s copy after the merge. */
  readonly users: readonly string[];
}

export const hiddenLibrary = defineCheck(
  'shadowing/host-library',
  {
    title: 'A library of the host is shadowed',
    means:
      'The extension contains a library where the loader finds it before the host’s, or in place of it. From then ' +
      'on, programs of the host load the extension’s copy. The audit compares the symbol versions that both ' +
      'define, then the versions in their file names, to tell which one is newer.',
    matters:
      'The programs of the host were built and tested with the host’s library. An older library lacks symbols ' +
      '(which is an error of its own, shadowing/breaks-host); any other build may behave differently. The host’s ' +
      'next update of this library, including a security update, has no effect while the extension is merged.',
    fix:
      'Put the library into a private directory with “flix vendor”. If the extension only needs to use the host’s ' +
      'library, leave out the copy and bind the extension to the host (ID=, VERSION_ID=).',
  },
  function* ({ merge }) {
    for (const hidden of hiddenBy(merge)) yield finding(hidden, merge);
  },
);

interface Hidden {
  readonly path: string;
  readonly before: string;
  readonly users: string[];
}

/**
 * Returns libraries that the host’s programs load instead of their own, and ones that shadow a library that no program
 * loads.
 */
function hiddenBy(merge: Merge): Iterable<Hidden> {
  const found = new Map<string, Hidden>();
  for (const change of hostChanges(merge))
    for (const object of fromExtensions(change, merge)) {
      const before = predecessor(change, object);
      if (!before) continue;
      const hidden = found.get(object.real) ?? { path: object.real, before: before.real, users: [] };
      hidden.users.push(change.object.path);
      found.set(object.real, hidden);
    }
  for (const { now, before } of shadowing(merge))
    if (!found.has(now) && isLibrary(merge, now)) found.set(now, { path: now, before, users: [] });
  return [...found.values()].filter(({ path, before }) => matters(path, before, merge));
}

/** Changed paths that exist on the host and in the merge, with the files to which they lead. */
const shadowing = selectChanged(({ path, kind, before: own }, { view, host }) => {
  if (!host || (own === undefined && isNew(path, host.view))) return undefined;
  const before = follow(host.view, path).path;
  if (before === undefined || kind === undefined) return undefined;
  const now = follow(view, path).path;
  return now === undefined ? undefined : { now, before };
});

/**
 * Whether a path without an entry on the host has no link above it either. Most changes are such files, which need not be
 * followed.
 */
function isNew(path: string, host: View): boolean {
  for (let above = parent(path); ; above = parent(above)) {
    const kind = host.kind(above);
    if (kind !== undefined) return kind === 'directory';
  }
}

function isLibrary({ view }: Merge, path: string): boolean {
  return objectAt(view, path).facts?.dynamic?.soname !== undefined;
}

/** Leaves out copies with the same bytes, and parts of the libc, which shadowing/host-libc reports. */
function matters(path: string, before: string, { view, host }: Merge): boolean {
  const { facts } = objectAt(view, path);
  const old = objectAt(host!.view, before);
  if (!facts || !old.facts?.dynamic || isLibcPart(facts.dynamic?.soname, path)) return false;
  return !sameContent(view, path, host!.view, before);
}

const WORDS: Readonly<Record<Age, string>> = {
  newer: 'a newer build',
  older: 'an older build',
  'as old': 'a different build of the same version',
  unlike: 'a build with other symbol versions',
  unknown: 'a different build',
};

function finding({ path, before, users }: Hidden, merge: Merge): HiddenLibrary {
  const provider = merge.providerOf(path);
  const build = (real: string, view = merge.view) => ({ real, facts: objectAt(view, real).facts! });
  const age = compareBuilds(build(path), build(before, merge.host!.view));
  const loads = users.length === 0 ? 'no program of the host loads it at start' : usersText(users);
  return {
    extension: merge.extensionOf(path)!,
    subject: path,
    chain: [
      { name: before, path: before, provider: { kind: 'host' }, origin: null },
      { name: path, path, provider, origin: null },
    ],
    hidden: before,
    age,
    users,
    message: `${path}, ${WORDS[age]}, shadows ${before === path ? 'the host’s own' : `${before} of the host`}: ${loads}`,
    fix: 'Move the library to a private directory with “flix vendor”, or leave it out.',
  };
}

function usersText(users: readonly string[]): string {
  const others = users.length === 1 ? '' : ` and ${users.length - 1} more`;
  return `${users[0]}${others} now ${users.length === 1 ? 'loads' : 'load'} it`;
}

/** How one build of a library compares with another. `unlike`: each defines symbol versions that the other lacks. */
type Age = 'newer' | 'older' | 'as old' | 'unlike' | 'unknown';

interface Build {
  readonly real: string;
  readonly facts: ElfFacts;
}

/**
 * Compares the symbol versions that both define; if these are equal, the versions in the file names (`libz.so.1.3.1`).
 */
function compareBuilds(one: Build, other: Build): Age {
  const [mine, theirs] = [one, other].map(({ facts }) => facts.versions?.defines ?? []) as [
    string[],
    string[],
  ];
  const more = mine.some(version => !theirs.includes(version));
  const less = theirs.some(version => !mine.includes(version));
  if (more && less) return 'unlike';
  if (more || less) return more ? 'newer' : 'older';
  return byName(one.real, other.real);
}

function byName(one: string, other: string): Age {
  const [mine, theirs] = [one, other].map(path => /\.so\.(\d[\d.]*)$/.exec(basename(path))?.[1]);
  if (mine === undefined || theirs === undefined) return 'unknown';
  // the number of a soname is not a version
  if (!mine.includes('.') && !theirs.includes('.')) return 'unknown';
  const order = compareAsSystemd(mine, theirs);
  if (order === 0) return 'as old';
  return order > 0 ? 'newer' : 'older';
}
