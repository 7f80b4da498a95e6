import { sameBytes } from '../view/same-bytes.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/** Whether two trees hold the same names, modes, links and bytes; what is one file in both is not read. */
export function sameTree(a: View, b: View): boolean {
  const [left, right] = [[...walk(a, '/')], [...walk(b, '/')]];
  return (
    left.length === right.length &&
    left.every((entry, i) => entry.path === right[i]!.path && sameEntry(a, b, entry.path))
  );
}

function sameEntry(a: View, b: View, path: string): boolean {
  const [left, right] = [a.stat(path), b.stat(path)];
  if (left.kind !== right.kind || left.mode !== right.mode) return false;
  if (left.kind === 'link') return a.readlink(path) === b.readlink(path);
  if (left.kind !== 'file' || left.id === right.id) return true;
  return left.size === right.size && sameBytes(a, path, b);
}
