import path from 'node:path';
import { isArchitecture } from './architecture.ts';
import { imageNameOf } from './image-name.ts';
import { compareAsSystemd, isVersion } from './version-order.ts';

/** A directory `NAME.raw.v/` of images or `NAME.v/` of directories, of which systemd merges the newest as NAME (systemd.v(7)). */
export interface VersionsDirectory {
  readonly name: string;
  /** The suffix of its entries. */
  readonly suffix: '.raw' | '';
}

/** Returns what the name of a directory says; `undefined` if it does not end in `.v`. */
export function versionsDirectory(directoryName: string): VersionsDirectory | undefined {
  const [, name, suffix = ''] = /^(.+?)(\.raw)?\.v$/.exec(directoryName) ?? [];
  return name === undefined ? undefined : { name, suffix: suffix as VersionsDirectory['suffix'] };
}

/** An entry `NAME_VERSION[_ARCHITECTURE][+LEFT[-DONE]]` with the suffix. */
interface VersionEntry {
  readonly version: string;
  /** As systemd spells it; `undefined`: for every architecture. */
  readonly architecture: string | undefined;
  /** Whether its boots are counted and it has none left, so that systemd considers it bad. */
  readonly isBad: boolean;
}

/** Parses the name of an entry as systemd does (src/shared/vpick.c); `undefined`: systemd skips it. */
export function versionEntry(
  fileName: string,
  { name, suffix }: VersionsDirectory,
): VersionEntry | undefined {
  if (!fileName.startsWith(`${name}_`) || !fileName.endsWith(suffix)) return undefined;
  const rest = fileName.slice(name.length + 1, fileName.length - suffix.length);
  const [, counted = '', left] = /^(.*?)(?:\+(\d+)(?:-\d+)?)?$/s.exec(rest)!;
  const [, before, last] = /^(.*)_([^_]*)$/s.exec(counted) ?? [];
  const architecture = last !== undefined && isArchitecture(last) ? last : undefined;
  const version = architecture === undefined ? counted : before!;
  if (!isVersion(version)) return undefined;
  return { version, architecture, isBad: left !== undefined && Number(left) === 0 };
}

/**
 * Returns the entry that systemd merges on machines that run programs for one of the architectures; `undefined`: none.
 *
 * @param runnable `undefined`: unknown, so that entries for every architecture count
 */
export function pickVersion(
  fileNames: Iterable<string>,
  directory: VersionsDirectory,
  runnable: readonly string[] | undefined,
): string | undefined {
  const entries = [...fileNames].flatMap(file => {
    const entry = versionEntry(file, directory);
    if (!entry) return [];
    const fits = entry.architecture === undefined || !runnable || runnable.includes(entry.architecture);
    return fits ? [{ file, ...entry }] : [];
  });
  entries.sort(
    (a, b) =>
      Number(a.isBad) - Number(b.isBad) ||
      compareAsSystemd(b.version, a.version) ||
      Number(a.architecture === undefined) - Number(b.architecture === undefined),
  );
  return entries[0]?.file;
}

/** Returns the directory of versions that contains a file or directory, if its parent is one. @param place absolute */
export function versionsDirectoryAround(place: string): VersionsDirectory | undefined {
  return versionsDirectory(path.basename(path.dirname(place)));
}

/**
 * Returns the name under which systemd merges an image: that of the directory of versions in which it lies, or its own
 * without the suffix. @param place absolute
 */
export function imageNameAt(place: string): string {
  const directory = versionsDirectoryAround(place);
  const isEntry = directory?.suffix === '.raw' && versionEntry(path.basename(place), directory);
  return isEntry ? directory.name : imageNameOf(path.basename(place));
}
