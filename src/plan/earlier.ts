import { FlixError } from '../errors.ts';
import { releasePath } from '../systemd/extension-release.ts';
import { readText } from '../view/text.ts';
import { type DoneEdit, uneditedView } from '../view/unedited.ts';
import type { View } from '../view/view.ts';
import { extensionRelease } from './metadata.ts';
import { type Manifest, manifestPath, type Remark } from '../manifest/manifest.ts';
import { manifestsIn, requireManifests } from '../manifest/manifests-in.ts';

/**
 * Tells whether a directory is the result of an earlier run. A root into which an extension was copied is not, because it
 * has top-level entries that no manifest lists.
 */
export function isEarlierResult(tree: View): boolean {
  const made = new Set<string | undefined>();
  for (const { prefix, files } of manifestsIn(tree))
    for (const path of [prefix, ...files.map(file => file.path)]) made.add(path.split('/', 2)[1]);
  return made.size > 0 && [...tree.list('/').keys()].every(name => made.has(name));
}

/**
 * Returns a DESTDIR tree as `make install` left it, with the changes of earlier runs undone, so that a second run starts
 * from the same input as the first. Throws `FlixError`: `unreadable-manifest`, and `patched-before` for a file that
 * patchelf changed.
 *
 * @param own the label of the tree's own files in the manifest
 */
export function originalTree(tree: View, own: string): View {
  const edits = new Map<string, DoneEdit[]>();
  const added = new Set<string>();
  for (const manifest of requireManifests(tree)) {
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

/** Returns the remarks of an earlier run about mode bits that it cleared in the tree: this run can no longer see them. */
export function clearedEarlier(tree: View): Remark[] {
  return manifestsIn(tree).flatMap(({ remarks }) => remarks.filter(({ code }) => code.endsWith('-cleared')));
}

/** Tells whether the user changed the extension-release file since flix wrote it (`ID=`, `SYSEXT_LEVEL=`); it is then kept. */
function isRewritten(tree: View, path: string, { name, architecture, host }: Manifest): boolean {
  const binding = host?.claim.split(' ');
  const text = extensionRelease(architecture ?? undefined, false, binding);
  return path === releasePath(name) && readText(tree, path) !== text;
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
    `${path} of ${tree.label} was changed by patchelf in an earlier run, and that cannot be undone`,
    'Make the tree again (make install DESTDIR=…), or use --out, which leaves the tree as it is.',
  );
}
