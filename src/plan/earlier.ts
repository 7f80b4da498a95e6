import { FlixError } from '../errors.ts';
import { releasePath } from '../systemd/extension-release.ts';
import { readText } from '../view/text.ts';
import { type DoneEdit, uneditedView } from '../view/unedited.ts';
import type { View } from '../view/view.ts';
import { extensionRelease } from './metadata.ts';
import { type Manifest, manifestPath, type Remark } from '../manifest/manifest.ts';
import { manifestsIn, unreadableManifestsIn } from '../manifest/manifests-in.ts';

/** Whether a directory is what a run left there. A root into which an extension was copied is not: it holds more. */
export function isEarlierResult(tree: View): boolean {
  const made = new Set<string | undefined>();
  for (const { prefix, files } of manifestsIn(tree))
    for (const path of [prefix, ...files.map(file => file.path)]) made.add(path.split('/', 2)[1]);
  return made.size > 0 && [...tree.list('/').keys()].every(name => made.has(name));
}

/**
 * A DESTDIR tree as `make install` left it, whatever earlier runs made of it, so that a second run starts from the
 * same input as the first. Throws `FlixError` where that cannot be known or undone: a manifest that cannot be read, a
 * file of the tree that patchelf changed.
 *
 * @param own the label of the tree's own files in the manifest
 */
export function originalTree(tree: View, own: string): View {
  refuseUnreadable(tree);
  const edits = new Map<string, DoneEdit[]>();
  const added = new Set<string>();
  for (const manifest of manifestsIn(tree)) {
    added.add(manifestPath(manifest));
    for (const file of manifest.files) {
      if (file.origin?.root !== own) {
        if (!isRewritten(tree, file.path, manifest)) added.add(file.path);
      } else if (file.edits)
        edits.set(
          file.path,
          file.edits.map(edit => undo(tree, file.path, edit)),
        );
    }
  }
  return edits.size + added.size === 0 ? tree : uneditedView(tree, edits, added);
}

/** What an earlier run took from files of a DESTDIR tree, for good: the second run has nothing left to clear, and says it too. */
export function clearedEarlier(tree: View): Remark[] {
  return manifestsIn(tree).flatMap(({ remarks }) => remarks.filter(({ code }) => code.endsWith('-cleared')));
}

/** The extension-release file is written once and then the user's to change: it may say more than we know (`ID=`, `SYSEXT_LEVEL=`). */
function isRewritten(tree: View, path: string, { name, architecture }: Manifest): boolean {
  return path === releasePath(name) && readText(tree, path) !== extensionRelease(architecture ?? undefined);
}

/** What the earlier run brought and edited would pass for the tree's own, and the new manifest would say so. */
function refuseUnreadable(tree: View): void {
  const [unreadable] = unreadableManifestsIn(tree);
  if (!unreadable) return;
  const { path, kind, message } = unreadable;
  throw new FlixError(
    'input',
    'unreadable-manifest',
    `${path} of ${tree.label} ${message}, and it alone says what an earlier run made of the tree`,
    `${kind === 'newer schema' ? 'Upgrade flix' : 'Put it back as flix wrote it'}, or build the tree anew (make install DESTDIR=…).`,
  );
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
