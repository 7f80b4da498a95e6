import fs from 'node:fs';
import type { PlannedFile } from '../plan/plan.ts';
import { applyBytes, type Edit } from '../relocate/edit.ts';
import { propertyHeaderEdit } from '../relocate/property-header.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';
import { editable } from './editable.ts';

/** Mends what patchelf is known to leave broken in a file of the tree. @param tree read after patchelf was there */
export function mendPatched({ target, content }: PlannedFile, tree: View, directory: string): void {
  if (content.kind !== 'copy') return;
  const [before, after] = [objectAt(content.view, content.path).facts, objectAt(tree, target).facts];
  if (!before || !after) return;
  const [source, patched] = [content.view.open(content.path), tree.open(target)];
  try {
    const mended = propertyHeaderEdit({ reader: source, facts: before }, { reader: patched, facts: after });
    if (mended) edit(directory + target, [mended]);
  } finally {
    source.close();
    patched.close();
  }
}

function edit(path: string, edits: readonly Edit[]): void {
  const fd = fs.openSync(path, 'r+');
  try {
    applyBytes(editable(fd), edits);
  } finally {
    fs.closeSync(fd);
  }
}
