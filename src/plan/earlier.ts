import { FlixError } from '../errors.ts';
import { follow } from '../view/follow.ts';
import { join } from '../view/path.ts';
import { readText } from '../view/text.ts';
import { type DoneEdit, uneditedView } from '../view/unedited.ts';
import type { View } from '../view/view.ts';
import { MANIFEST_SCHEMA, type Manifest } from './manifest.ts';

/** The manifests that earlier runs left in a tree, wherever their prefix is. */
export function manifestsIn(tree: View): Manifest[] {
  return ['/usr/local', '/usr/lib', '/opt'].flatMap(directory => {
    const where = follow(tree, directory);
    if (where.path === undefined) return [];
    return [...tree.list(where.path).keys()].flatMap(
      name => parse(readText(tree, join(join(where.path, name), 'manifest.json'))) ?? [],
    );
  });
}

function parse(text: string | undefined): Manifest | undefined {
  if (!text?.includes(MANIFEST_SCHEMA)) return undefined;
  try {
    const value = JSON.parse(text) as Manifest;
    return value.schema === MANIFEST_SCHEMA && Array.isArray(value.files) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A DESTDIR tree as `make install` left it, whatever earlier runs made of it, so that a second run starts from the
 * same input as the first. Throws `FlixError` where patchelf changed a file of the tree: that cannot be undone.
 *
 * @param own the label of the tree's own files in the manifest
 */
export function originalTree(tree: View, own: string): View {
  const edits = new Map<string, DoneEdit[]>();
  const added = new Set<string>();
  for (const manifest of manifestsIn(tree)) {
    added.add(`${manifest.prefix}/manifest.json`);
    for (const file of manifest.files) {
      if (file.origin?.root !== own) added.add(file.path);
      else if (file.edits)
        edits.set(
          file.path,
          file.edits.map(edit => undo(tree, file.path, edit)),
        );
    }
  }
  return edits.size + added.size === 0 ? tree : uneditedView(tree, edits, added);
}

function undo(
  tree: View,
  path: string,
  edit: NonNullable<Manifest['files'][number]['edits']>[number],
): DoneEdit {
  if (!('by' in edit))
    return {
      offset: edit.offset,
      before: Buffer.from(edit.before, 'hex'),
      after: Buffer.from(edit.after, 'hex'),
    };
  throw new FlixError(
    'input',
    'patched-before',
    `${path} of ${tree.label} was changed by patchelf in an earlier run, which cannot be undone`,
    'Build the tree anew (make install DESTDIR=…), or use --out, which leaves the tree as it is.',
  );
}
