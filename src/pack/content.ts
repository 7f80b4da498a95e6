import { createHash, type Hash } from 'node:crypto';
import type { Reader } from '../elf/reader.ts';
import { FlixError } from '../errors.ts';
import { sha256Of } from '../view/digest.ts';
import { ReadFailure, type View } from '../view/view.ts';
import { walk } from '../view/walk.ts';

/** The size of a sample, in bytes. */
const CHUNK = 16 * 1024;

/** Larger files are sampled: their size, the first chunk, which contains the build ID, and the last chunk. */
const SAMPLED = 4 * CHUNK;

/**
 * SHA-256 over the content of a tree: for each path, in C order, its kind, mode, and link text or content. Owners and
 * times are left out because the image does not take them from the tree. Throws `FlixError`: `special-file`,
 * `unreadable`.
 *
 * @param read `sample` suffices to name an image, but not to compare two; reading all of a tree takes about a tenth of
 *   the time that compressing it takes
 */
export function contentDigest(tree: View, read: 'all' | 'sample' = 'all'): string {
  const hash = createHash('sha256').update('flix content 1\0');
  for (const hierarchy of [...tree.list('/').keys()].sort()) {
    record(hash, 'directory', `/${hierarchy}`, mode(tree, `/${hierarchy}`));
    for (const { path, kind } of walk(tree, `/${hierarchy}`)) {
      if (kind === 'other') throw specialFile(tree, path);
      if (kind === 'link') record(hash, kind, path, tree.readlink(path));
      else record(hash, kind, path, mode(tree, path));
      if (kind === 'file') hash.update(fileDigest(tree, path, read));
    }
  }
  return hash.digest('hex');
}

/** Makes a UUID of version 8 (RFC 9562: custom bits) from the first half of a digest. */
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

function fileDigest(tree: View, path: string, read: 'all' | 'sample'): Buffer {
  try {
    const file = tree.open(path);
    try {
      return read === 'sample' && file.size > SAMPLED ? sampleOf(file) : sha256Of(file);
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof ReadFailure)) throw error;
    throw new FlixError('io', 'unreadable', `${tree.label}: ${error.message}`);
  }
}

function sampleOf(file: Reader): Buffer {
  const { size } = file;
  const [first, last] = [file.read(0, CHUNK), file.read(size - CHUNK, CHUNK)];
  return createHash('sha256').update(`${size}\0`).update(first).update(last).digest();
}

function specialFile(tree: View, path: string): FlixError {
  return new FlixError(
    'input',
    'special-file',
    `${tree.label}: ${path} is a FIFO, a socket or a device, which an extension cannot contain`,
    'Remove it; tmpfiles.d(5) can create such files on the host.',
  );
}
