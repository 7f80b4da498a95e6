import { basename, join, resolve } from 'node:path';
import { likelyType, type Placed, type Tree } from '../audit/extension.ts';
import { imageNameOf } from '../systemd/image-name.ts';
import { runnableOn } from '../elf/machine.ts';
import { FlixError } from '../errors.ts';
import { withImageRoot } from '../image/image-view.ts';
import { withImage } from '../image/image.ts';
import { attributesBelow } from '../io/attributes.ts';
import { parseFeedFile } from '../pack/feed/names.ts';
import { releaseNames } from '../systemd/extension-release.ts';
import { extensionRules } from '../systemd/extension-type.ts';
import {
  pickVersion,
  versionEntry,
  versionsDirectory,
  versionsDirectoryAround,
} from '../systemd/versions-directory.ts';
import { hierarchies } from '../view/host-directories.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import { type Attributes, ATTRIBUTES, LABEL } from '../view/attributes.ts';
import { directoryView } from '../view/directory.ts';
import { follow } from '../view/follow.ts';
import { ownAsRoot } from '../view/owners.ts';
import type { View } from '../view/view.ts';
import { isGzip } from './host-view.ts';
import { imageFacts } from './image-facts.ts';
import { promisesIn, unreadableIn } from '../audit/promises.ts';
import { wrappedIn } from '../audit/wrapped.ts';

/**
 * Opens extensions for as long as `use` runs. Each place is a directory or an image; an image is unpacked meanwhile,
 * without a mount and without privileges. Throws `FlixError`.
 */
export async function withTrees(
  places: readonly string[],
  use: (trees: readonly Tree[]) => void | Promise<void>,
  {
    architecture,
    each = false,
  }: { readonly architecture?: string | undefined; readonly each?: boolean } = {},
): Promise<void> {
  if (places.length === 0)
    throw new FlixError(
      'input',
      'no-tree',
      'no extension is named',
      'Name the directory that contains usr/ or opt/ of the extension, or its image.',
    );
  const chosen = places.map(place => versionIn(place, architecture));
  await open(chosen, [], trees => use(each ? labelled(trees, places) : unique(trees)), architecture);
}

async function open(
  [place, ...others]: readonly string[],
  trees: readonly Tree[],
  use: (trees: readonly Tree[]) => void | Promise<void>,
  architecture: string | undefined,
): Promise<void> {
  if (place === undefined) return use(trees);
  if (!isFile(place)) return open(others, [...trees, await treeIn(place)], use, architecture);
  if (isGzip(place))
    throw new FlixError(
      'input',
      'gzip',
      `${place} is gzip-compressed: it is a host profile or an archive, not an extension`,
      'Repeat the option for each host, as in --host PROFILE --host ROOT. Unpack an archive first.',
    );
  await withImage(
    place,
    image =>
      withImageRoot(image, (root, entries) => {
        const { name, placed } = namedImage(place, root());
        const attributes = entries.attributes();
        const facts = imageFacts(image, name, entries);
        const tree = { ...treeOf(name, root(name)), placed, image: facts, attributes };
        return open(others, [...trees, tree], use, architecture);
      }),
    architecture,
  );
}

function isFile(place: string): boolean {
  const found = follow(directoryView('/'), resolve(place));
  return found.path !== undefined && found.kind === 'file';
}

/** Throws `FlixError` `same-name` for trees that systemd would not merge together. */
function unique(trees: readonly Tree[]): readonly Tree[] {
  const twice = trees.find(tree => namesakes(tree, trees) > 1);
  if (!twice) return trees;
  throw new FlixError(
    'input',
    'same-name',
    `two extensions of the same type are called ${twice.name}`,
    'Rename one of the directories or images, since systemd would merge only one of them; or audit each by itself with --each.',
  );
}

/** Labels trees of one name by their places. */
function labelled(trees: readonly Tree[], places: readonly string[]): readonly Tree[] {
  return trees.map((tree, i) =>
    namesakes(tree, trees) > 1 ? { ...tree, label: `${tree.name} (${places[i]!})` } : tree,
  );
}

function namesakes({ name, view }: Tree, trees: readonly Tree[]): number {
  const type = likelyType(view);
  return trees.filter(other => other.name === name && likelyType(other.view) === type).length;
}

async function treeIn(directory: string): Promise<Tree> {
  const { name, placed } = namedDirectory(directory, directoryView(directory, { label: directory }));
  const view = ownAsRoot(directoryView(directory, { label: name }), process.getuid?.() ?? 0);
  const tree = treeOf(name, view);
  const attributes = await attributesBelow(directory, [...ATTRIBUTES, LABEL]);
  return { ...tree, placed, attributes: attributes && withoutFileLabels(attributes, view) };
}

/** Leaves out the labels of everything but directories: on a machine with SELinux, every file has one. */
function withoutFileLabels(attributes: Attributes, view: View): Attributes {
  return new Map(
    [...attributes].flatMap(([path, named]): [string, ReadonlyMap<string, Buffer>][] => {
      if (!named.has(LABEL) || view.kind(path) === 'directory') return [[path, named]];
      const others = [...named].filter(([name]) => name !== LABEL);
      return others.length === 0 ? [] : [[path, new Map(others)]];
    }),
  );
}

function treeOf(name: string, view: View): Tree {
  return {
    name,
    view,
    wrapped: wrappedIn(view),
    promises: promisesIn(view),
    unreadableManifests: unreadableIn(view),
  };
}

interface Named {
  readonly name: string;
  readonly placed?: Placed;
}

/** Returns the name that systemd takes from the place of an image, or under which a link activates an image of a feed. */
function namedImage(place: string, view: View): Named {
  const file = basename(place);
  const version = namedByVersions(place, view);
  if (version) return version;
  const [only, ...others] = releasesOf(view);
  const isVersioned = only !== undefined && others.length === 0 && parseFeedFile(file, only) !== undefined;
  return isVersioned ? { name: only, placed: { as: 'versioned', file } } : { name: imageNameOf(file) };
}

/**
 * Returns the name of the extension in a directory. systemd takes the name of the directory; but a tree that flix made
 * is named by its manifest, since its image will have that name wherever the tree was built.
 */
function namedDirectory(directory: string, view: View): Named {
  const file = basename(resolve(directory));
  const version = namedByVersions(directory, view);
  if (version) return version;
  const manifests = manifestsIn(view);
  return { name: manifests.length === 1 ? manifests[0]!.name : file };
}

/** Returns the name of a version in a directory of versions; `undefined` if the place is not in one. */
function namedByVersions(place: string, view: View): Named | undefined {
  const file = basename(resolve(place));
  const around = versionsDirectoryAround(resolve(place));
  if (!around) return undefined;
  const { name } = around;
  if (versionEntry(file, around)) return { name, placed: { as: 'entry', file } };
  // any directory may end in .v
  return releasesOf(view).includes(name) ? { name, placed: { as: 'stray', file } } : undefined;
}

function releasesOf(view: View): string[] {
  return releaseNames(view, extensionRules[likelyType(view)].releaseDirectory);
}

/**
 * Returns the entry that systemd merges if the place is a directory of versions, otherwise the place. Throws `FlixError`
 * `no-version`. @param architecture of the host, as systemd spells it
 */
function versionIn(place: string, architecture: string | undefined): string {
  const versions = versionsDirectory(basename(resolve(place)));
  if (!versions || isFile(place)) return place;
  const entries = directoryView(resolve(place)).list('/');
  // a tree of its own may have such a name, too
  if (
    Object.values(hierarchies)
      .flat()
      .some(top => entries.has(top))
  )
    return place;
  const kinds = [...entries].filter(([, kind]) => kind === (versions.suffix === '' ? 'directory' : 'file'));
  const runnable = architecture === undefined ? undefined : runnableOn(architecture);
  const picked = pickVersion(
    kinds.map(([name]) => name),
    versions,
    runnable,
  );
  if (picked !== undefined) return join(place, picked);
  const { name, suffix } = versions;
  throw new FlixError(
    'input',
    'no-version',
    `${place} contains no version of ${name}${architecture === undefined ? '' : ` for ${architecture}`}`,
    `Name its ${suffix === '' ? 'directories' : 'images'} ${name}_VERSION${suffix} or ${name}_VERSION_ARCHITECTURE${suffix}.`,
  );
}
