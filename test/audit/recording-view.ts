import { expect } from 'vitest';
import { packageOf } from '../../src/packages/database.ts';
import { shortDigest } from '../../src/view/digest.ts';
import { dataDirectories, softwareDirectories } from '../../src/view/host-directories.ts';
import { objectAt, symbolsAt } from '../../src/view/object.ts';
import { parent, within } from '../../src/view/path.ts';
import { profileView } from '../../src/view/profile/profile-view.ts';
import { decodeProfile, encodeProfile } from '../../src/view/profile/profile.ts';
import { snapshot } from '../../src/view/profile/snapshot.ts';
import { ReadFailure, type Stat, type View } from '../../src/view/view.ts';

/** A view of a root, and what has been read from it. */
export interface Recording {
  readonly view: View;
  /** The files whose bytes were read, apart from ELF facts, symbols and digests, which a profile records by itself. */
  readonly opened: ReadonlySet<string>;
  readonly listed: ReadonlySet<string>;
  /** The entries of which the kind was asked. */
  readonly named: ReadonlySet<string>;
  readonly stated: ReadonlySet<string>;
}

/** Returns a view that answers as the root does, through the interface of a profile, and remembers every read. */
export function recordingView(root: View): Recording {
  const [opened, listed] = [new Set<string>(), new Set<string>()];
  const [named, stated] = [new Set<string>(), new Set<string>()];
  const view: View = {
    label: root.label,
    versions: root.versions,
    list: directory => root.list((listed.add(directory), directory)),
    kind: path => root.kind((named.add(path), path)),
    readlink: path => root.readlink((stated.add(path), path)),
    stat: path => root.stat((stated.add(path), path)),
    isMountPoint: path => root.isMountPoint(path),
    open: (path, kind) => root.open((opened.add(path), path), kind),
    source: path => ({ view, path, hostPath: undefined }),
    record: {
      object: path => objectAt(root, path),
      symbols: path => symbolsAt(root, path),
      digest: path => shortDigest(root, path),
      package: path => {
        const owner = packageOf(root, path);
        return owner && [owner.name, owner.version];
      },
    },
  };
  return { view, opened, listed, named, stated };
}

/** Returns the profile of a root as the command would read it again. */
export function profileOf(root: View): View {
  return profileView(decodeProfile(encodeProfile(snapshot(root, packageOf)), root.label), root.label);
}

/** Expects a profile to answer everything that was read from its root as the root does. */
export function expectProfileHolds(
  profile: View,
  root: View,
  { opened, listed, named, stated }: Recording,
): void {
  const bytesIn = (view: View) => (path: string) => [path, bytesOf(view, path)];
  expect([...opened].sort().map(bytesIn(profile))).toEqual([...opened].sort().map(bytesIn(root)));
  const kindIn = (view: View) => (path: string) => [path, view.kind(path)];
  const names = [...named].sort().filter(isNamed);
  expect(names.map(kindIn(profile))).toEqual(names.map(kindIn(root)));
  const entryIn = (view: View) => (path: string) => [path, entryOf(view, path)];
  expect([...stated].sort().map(entryIn(profile))).toEqual([...stated].sort().map(entryIn(root)));
  const namesIn = (view: View) => (path: string) => [path, [...view.list(path)]];
  const listings = [...listed].sort().filter(path => path !== '/' && !path.startsWith('/srv'));
  expect(listings.map(namesIn(profile))).toEqual(listings.map(namesIn(root)));
}

/** Whether a profile records that a path exists. What services have in /var, /run and /tmp, no check may rely on. */
function isNamed(path: string): boolean {
  return (
    softwareDirectories.some(directory => directory !== '/srv' && within(directory, path)) ||
    ['/', ...dataDirectories].includes(parent(path))
  );
}

function bytesOf(view: View, path: string): string {
  try {
    const file = view.open(path);
    try {
      return Buffer.from(file.read(0, file.size)).toString('latin1');
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ReadFailure) return error.code;
    throw error;
  }
}

function entryOf(view: View, path: string): Partial<Stat> | string | undefined {
  const kind = view.kind(path);
  if (kind === undefined) return undefined;
  if (kind === 'link') return view.readlink(path);
  const { mode, whiteout, uid, gid } = view.stat(path);
  return {
    kind,
    whiteout,
    ...(kind !== 'other' && { mode }),
    ...(kind === 'directory' && { uid, gid }),
  };
}
