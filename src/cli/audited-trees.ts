import { basename, resolve } from 'node:path';
import { likelyType, type Tree } from '../audit/extension.ts';
import { FlixError } from '../errors.ts';
import { imageAttributes, ownedView, unpackImage } from '../image/image-view.ts';
import { withImage } from '../image/image.ts';
import { attributesBelow } from '../io/attributes.ts';
import { inPrivateDirectory } from '../io/private-directory.ts';
import { imageNameOf } from '../systemd/image-name.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import { ATTRIBUTES } from '../view/attributes.ts';
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
): Promise<void> {
  if (places.length === 0)
    throw new FlixError(
      'input',
      'no-tree',
      'no extension is named',
      'Name the directory that contains usr/ or opt/ of the extension, or its image.',
    );
  await open(places, [], use);
}

async function open(
  [place, ...others]: readonly string[],
  trees: readonly Tree[],
  use: (trees: readonly Tree[]) => void | Promise<void>,
): Promise<void> {
  if (place === undefined) return use(trees);
  if (!isFile(place)) return open(others, [...trees, unique(await treeIn(place), trees)], use);
  if (isGzip(place))
    throw new FlixError(
      'input',
      'gzip',
      `${place} is gzip-compressed: it is a host profile or an archive, not an extension`,
      'Repeat the option for each host, as in --host PROFILE --host ROOT. Unpack an archive first.',
    );
  await withImage(place, async image =>
    inPrivateDirectory(async directory => {
      const name = imageNameOf(basename(place));
      const entries = await unpackImage(image, directory);
      const view = ownedView(directoryView(directory, { label: name }), entries);
      const attributes = imageAttributes(entries);
      const tree = { ...treeOf(name, view), image: imageFacts(image, name, entries), attributes };
      await open(others, [...trees, unique(tree, trees)], use);
    }),
  );
}

function isFile(place: string): boolean {
  const found = follow(directoryView('/'), resolve(place));
  return found.path !== undefined && found.kind === 'file';
}

function unique(tree: Tree, others: readonly Tree[]): Tree {
  const type = likelyType(tree.view);
  if (!others.some(({ name, view }) => name === tree.name && likelyType(view) === type)) return tree;
  throw new FlixError(
    'input',
    'same-name',
    `two extensions of the same type are called ${tree.name}`,
    'Rename one of the directories or images, since systemd would merge only one of them.',
  );
}

async function treeIn(directory: string): Promise<Tree> {
  const name = nameOf(directory, directoryView(directory, { label: directory }));
  const view = ownAsRoot(directoryView(directory, { label: name }), process.getuid?.() ?? 0);
  const tree = treeOf(name, view);
  return { ...tree, attributes: await attributesBelow(directory, ATTRIBUTES) };
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

/**
 * Returns the name of the extension in a directory. systemd takes the name of the directory; but a tree that flix made
 * is named by its manifest, since its image will have that name wherever the tree was built.
 */
function nameOf(directory: string, view: View): string {
  const manifests = manifestsIn(view);
  return manifests.length === 1 ? manifests[0]!.name : basename(resolve(directory));
}
