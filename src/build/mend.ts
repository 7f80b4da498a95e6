import fs from 'node:fs';
import type { PlannedFile } from '../plan/plan.ts';
import { propertyHeaderEdit } from '../relocate/property-header.ts';
import { objectAt } from '../view/object.ts';
import type { View } from '../view/view.ts';

/** Mends what patchelf is known to leave broken in a file of the tree. @param tree read after patchelf was there */
export function mendPatched({ target, content }: PlannedFile, tree: View, directory: string): void {
  if (content.kind !== 'copy') return;
  const [before, after] = [objectAt(content.view, content.path).facts, objectAt(tree, target).facts];
  if (!before || !after) return;
  const [source, patched] = [content.view.open(content.path), tree.open(target)];
  try {
    const edit = propertyHeaderEdit({ reader: source, facts: before }, { reader: patched, facts: after });
    if (edit) overwrite(directory + target, edit.offset, edit.after);
  } finally {
    source.close();
    patched.close();
  }
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const fd = fs.openSync(path, 'r+');
  try {
    fs.writeSync(fd, bytes, 0, bytes.length, offset);
  } finally {
    fs.closeSync(fd);
  }
}
