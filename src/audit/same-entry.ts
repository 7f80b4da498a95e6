import { sameBytes, shortDigest } from '../view/digest.ts';
import { follow } from '../view/follow.ts';
import { ReadFailure, type View } from '../view/view.ts';

/**
 * Whether two roots have equal entries at a path: the same bytes, or links to the same target. Entries that cannot be
 * read count as different. @param path real in both
 */
export function sameEntry(one: View, other: View, path: string): boolean {
  const kind = one.kind(path);
  if (kind !== other.kind(path)) return false;
  if (kind === 'link') return one.readlink(path) === other.readlink(path) || sameTarget(one, other, path);
  return kind === 'file' ? sameContent(one, path, other, path) : kind === 'directory';
}

/** Different texts may have the same target, such as `/usr/lib/x` and `../lib/x`. */
function sameTarget(one: View, other: View, path: string): boolean {
  const target = follow(one, path).path;
  return target !== undefined && target === follow(other, path).path;
}

/** Compares bytes, or digests if one view only records them. @param path real, of a regular file */
export function sameContent(one: View, path: string, other: View, otherPath: string): boolean {
  if (one.stat(path).size !== other.stat(otherPath).size) return false;
  if (isRecorded(one, path) || isRecorded(other, otherPath)) {
    const digest = shortDigest(one, path);
    return digest !== undefined && digest === shortDigest(other, otherPath);
  }
  try {
    return sameBytes(one, path, other, otherPath);
  } catch (error) {
    if (error instanceof ReadFailure) return false;
    throw error;
  }
}

function isRecorded(view: View, path: string): boolean {
  return view.source(path).view.record !== undefined;
}
