import { basename, resolve } from 'node:path';
import { likelyType, type Tree } from '../audit/extension.ts';
import { FlixError } from '../errors.ts';
import { imageAttributes } from '../image/attributes.ts';
import { withImage } from '../image/image.ts';
import { unpackImage } from '../image/image-view.ts';
import { ownedView } from '../image/owned-view.ts';
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
import { promisesIn, unreadableIn } from './promises.ts';
import { wrappedIn } from './wrapped-trees.ts';

/**
 * The extensions in directories and images, while `use` looks at them: an image is unpacked for so long, without a
 * mount and without privileges. Throws `FlixError`.
 */
export async function withTrees(
  places: readonly string[],
  use: (trees: readonly Tree[]) => void | Promise<void>,
): Promise<void> {
  if (places.length === 0)
    throw new FlixError(
      'input',
      'no-tree',
      'nothing to audit was named',
      'Name the directory that holds usr/ or opt/ of the extension, or its image.',
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
      `${place} is gzipped: the profile of a host, or an archive, and neither is merged`,
      'Name each host with an option of its own, --host <profile> --host <root>; unpack an archive first.',
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
    `two extensions of one type are called ${tree.name}`,
    'Of these systemd would take one only: rename a directory or image.',
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
 * systemd calls a directory's extension as the directory is called. A tree that flix made becomes an image of the name
 * in its manifest, wherever it was built.
 */
function nameOf(directory: string, view: View): string {
  // a manifest is a file like any other: it may have been edited
  const names = manifestsIn(view).map(({ name }) => name as unknown);
  return names.length === 1 && typeof names[0] === 'string' ? names[0] : basename(resolve(directory));
}
