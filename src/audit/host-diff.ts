import { machineOf } from '../elf/machine.ts';
import { unitFiles } from '../systemd/unit-files.ts';
import { shortDigest } from '../view/digest.ts';
import { readOsRelease } from '../view/os-release.ts';
import { basename } from '../view/path.ts';
import type { View } from '../view/view.ts';
import { hostObjects } from './host-objects.ts';
import { kernelsOf } from './kernel-modules.ts';

/** What an update of a host changes for extensions that are merged over it. */
export interface HostDiff {
  /** Labels. */
  readonly before: string;
  readonly after: string;
  readonly release: readonly {
    readonly key: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
  /** Kernels, by release, as `uname -r` prints it. */
  readonly kernels: readonly { readonly release: string; readonly change: 'gone' | 'new' }[];
  readonly libraries: readonly LibraryChange[];
  readonly units: readonly { readonly name: string; readonly change: 'gone' | 'new' | 'changed' }[];
}

export interface LibraryChange {
  readonly soname: string;
  readonly architecture: string;
  readonly change: 'gone' | 'new' | 'versions' | 'moved';
  /** One path before and after; `null` if the library does not exist. */
  readonly before: string | null;
  readonly after: string | null;
  /** Symbol versions. */
  readonly versionsGone: readonly string[];
  readonly versionsNew: readonly string[];
}

export function diffHosts(before: View, after: View): HostDiff {
  return {
    before: before.label,
    after: after.label,
    release: releaseChanges(before, after),
    kernels: kernelChanges(before, after),
    libraries: libraryChanges(before, after),
    units: unitChanges(before, after),
  };
}

function releaseChanges(before: View, after: View): HostDiff['release'] {
  const [old, now] = [before, after].map(view => readOsRelease(view) ?? new Map<string, string>());
  return keysOf(old!, now!).flatMap(key => {
    const [was = null, is = null] = [old!.get(key), now!.get(key)];
    return was === is ? [] : [{ key, before: was, after: is }];
  });
}

function kernelChanges(before: View, after: View): HostDiff['kernels'] {
  const [old, now] = [new Set(kernelsOf(before)), new Set(kernelsOf(after))];
  return [...new Set([...old, ...now])]
    .sort()
    .filter(release => old.has(release) !== now.has(release))
    .map(release => ({ release, change: old.has(release) ? 'gone' : 'new' }));
}

interface Library {
  readonly soname: string;
  readonly architecture: string;
  readonly path: string;
  readonly versions: Set<string>;
}

function libraryChanges(before: View, after: View): LibraryChange[] {
  const [old, now] = [librariesOf(before), librariesOf(after)];
  return keysOf(old, now).flatMap(key => {
    const [was, is] = [old.get(key), now.get(key)];
    const { soname, architecture } = (was ?? is)!;
    const less = (one: Library | undefined, other: Library | undefined) =>
      [...(one?.versions ?? [])].filter(version => !other?.versions.has(version)).sort();
    const [versionsGone, versionsNew] = was && is ? [less(was, is), less(is, was)] : [[], []];
    const change = changeOf(was, is, versionsGone.length + versionsNew.length > 0);
    if (change === undefined) return [];
    const paths = { before: was?.path ?? null, after: is?.path ?? null };
    return [{ soname, architecture, change, ...paths, versionsGone, versionsNew }];
  });
}

function changeOf(
  was: Library | undefined,
  is: Library | undefined,
  otherVersions: boolean,
): LibraryChange['change'] | undefined {
  if (!is) return 'gone';
  if (!was) return 'new';
  if (otherVersions) return 'versions';
  return directoryOf(was) === directoryOf(is) ? undefined : 'moved';
}

function directoryOf({ path }: Library): string {
  return path.slice(0, -basename(path).length);
}

/** Groups libraries by soname and architecture; several files of one soname contribute their versions. */
function librariesOf(host: View): Map<string, Library> {
  const libraries = new Map<string, Library>();
  for (const { path, facts } of hostObjects(host)) {
    const soname = facts.dynamic?.soname;
    if (soname === undefined) continue;
    const architecture = machineOf(facts.header)?.systemd ?? 'unknown';
    const key = `${soname}\0${architecture}`;
    const known = libraries.get(key) ?? { soname, architecture, path, versions: new Set<string>() };
    for (const version of facts.versions?.defines ?? []) known.versions.add(version);
    libraries.set(key, known);
  }
  return libraries;
}

function unitChanges(before: View, after: View): HostDiff['units'] {
  const [old, now] = [unitDigests(before), unitDigests(after)];
  return keysOf(old, now).flatMap(name => {
    const [was, is] = [old.get(name), now.get(name)];
    if (was === is) return [];
    return [{ name, change: is === undefined ? 'gone' : was === undefined ? 'new' : 'changed' }];
  });
}

/** Returns a digest of all files of each unit. */
function unitDigests(host: View): Map<string, string> {
  const digests = new Map<string, string>();
  for (const { name, path } of unitFiles(host)) {
    const digest = host.kind(path) === 'link' ? host.readlink(path) : (shortDigest(host, path) ?? '');
    digests.set(name, `${digests.get(name) ?? ''}\0${basename(path)} ${digest}`);
  }
  return digests;
}

function keysOf(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...one.keys(), ...other.keys()])].sort();
}
