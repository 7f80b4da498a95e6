import { createHash, type Hash } from 'node:crypto';
import { FlixError } from '../errors.ts';
import { ReadFailure, type View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/** Larger buffers are memory that the system has to hand out anew each time, which costs more than the reading. */
const CHUNK = 64 * 1024;

/**
 * SHA-256 over what a tree holds: for each path, in C order, its kind, mode, link text or content. Owners and times
 * are left out, since the image holds none of the source's. Throws `FlixError`: `special-file`, `unreadable`.
 */
export function contentDigest(tree: View): string {
  const hash = createHash('sha256').update('flix content 1\0');
  for (const hierarchy of [...tree.list('/').keys()].sort()) {
    record(hash, 'directory', `/${hierarchy}`, mode(tree, `/${hierarchy}`));
    for (const { path, kind } of walk(tree, `/${hierarchy}`)) {
      if (kind === 'other') throw specialFile(tree, path);
      if (kind === 'link') record(hash, kind, path, tree.readlink(path));
      else record(hash, kind, path, mode(tree, path));
      if (kind === 'file') hash.update(fileDigest(tree, path));
    }
  }
  return hash.digest('hex');
}

/** A UUID of version 8 (RFC 9562: its bits are the maker's own), from the first half of a digest. */
export function uuidOf(digest: string): string {
  const variant = ((parseInt(digest[16]!, 16) & 0b11) | 0b1000).toString(16);
  const groups = [digest.slice(0, 8), digest.slice(8, 12), `8${digest.slice(13, 16)}`];
  return [...groups, variant + digest.slice(17, 20), digest.slice(20, 32)].join('-');
}

function record(hash: Hash, ...fields: readonly string[]): void {
  for (const field of fields) hash.update(`${field}\0`);
}

function mode(tree: View, path: string): string {
  return tree.stat(path).mode.toString(8);
}

function fileDigest(tree: View, path: string): Buffer {
  const hash = createHash('sha256');
  try {
    const file = tree.open(path);
    try {
      for (let at = 0; at < file.size; at += CHUNK)
        hash.update(file.read(at, Math.min(CHUNK, file.size - at)));
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof ReadFailure)) throw error;
    throw new FlixError('io', 'unreadable', `${tree.label}: ${error.message}`);
  }
  return hash.digest();
}

function specialFile(tree: View, path: string): FlixError {
  return new FlixError(
    'input',
    'special-file',
    `${tree.label}: ${path} is a FIFO, a socket or a device, which has no place in an extension`,
    'remove it; tmpfiles.d(5) makes such files on the host',
  );
}
