import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { applyBytes, type Edit, withFirstLine } from '../relocate/edit.ts';
import type { OpenFile, Stat, View } from '../view/view.ts';
import { editable } from './own-files.ts';

/**
 * Copies a file of a root with its mode (without setuid and setgid) and times, and applies the edits that need no tool. The kernel copies
 * a file without edits.
 *
 * @param target a path of this machine that does not exist
 * @param stat of the file
 * @returns the hexadecimal SHA-256 of the source if the copy is edited
 */
export function copyFile(
  view: View,
  path: string,
  target: string,
  edits: readonly Edit[],
  { mode, mtime }: Stat = view.stat(path),
): string | undefined {
  const source = view.open(path);
  let before: string | undefined;
  try {
    const { place } = source;
    if (place !== undefined && edits.length === 0)
      fs.copyFileSync(place, target, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE);
    else before = copyEdited(source, target, edits);
  } finally {
    source.close();
  }
  fs.chmodSync(target, mode & 0o1777);
  fs.utimesSync(target, mtime, mtime);
  return edits.length > 0 ? before : undefined;
}

/** Bytes in memory at once: a program may be larger than the largest buffer. */
const PIECE = 16 * 1024 * 1024;

function copyEdited(source: OpenFile, target: string, edits: readonly Edit[]): string {
  const fd = fs.openSync(target, 'wx+', 0o600);
  try {
    const hash = createHash('sha256');
    for (let at = 0; at < source.size; at += PIECE) {
      const bytes = source.read(at, Math.min(PIECE, source.size - at));
      hash.update(bytes);
      fs.writeFileSync(fd, at === 0 ? withFirstLine(bytes, edits) : bytes);
    }
    applyBytes(editable(fd), edits);
    return hash.digest('hex');
  } finally {
    fs.closeSync(fd);
  }
}
