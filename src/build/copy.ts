import { createHash, type Hash } from 'node:crypto';
import fs from 'node:fs';
import { applyBytes, type Edit } from '../relocate/edit.ts';
import type { View } from '../view/view.ts';

/** Files beyond this are copied piece by piece, unless an edit needs all of them. */
const WHOLE = 64 * 1024 * 1024;
const PIECE = 1024 * 1024;

/** What a file was and what it became. */
export interface Digest {
  /** In bytes, after. */
  readonly size: number;
  /** Hexadecimal sha256. */
  readonly before: string;
  readonly after: string;
}

/**
 * Copies a file of a root, with its byte edits, mode (without setuid and setgid) and times; the source is read once.
 *
 * @param target a path of this machine where nothing stands
 * @param inspect is shown the content of a file that is read in one piece
 */
export function copyFile(
  view: View,
  path: string,
  target: string,
  edits: readonly Edit[],
  inspect?: (content: Uint8Array) => void,
): Digest {
  const stat = view.stat(path);
  const source = view.open(path);
  const fd = fs.openSync(target, 'wx', 0o600);
  try {
    const digest = source.size <= WHOLE || edits.length > 0 ? copyWhole() : copyPieces();
    fs.fchmodSync(fd, stat.mode & 0o1777);
    fs.futimesSync(fd, stat.mtime, stat.mtime);
    return digest;
  } finally {
    fs.closeSync(fd);
    source.close();
  }

  function copyWhole(): Digest {
    const content = source.read(0, source.size);
    inspect?.(content);
    const before = sha256(content);
    const bytes = edits.some(({ kind }) => kind === 'bytes') ? applyBytes(content, edits) : content;
    writeAll(fd, bytes);
    return { size: bytes.length, before, after: bytes === content ? before : sha256(bytes) };
  }

  function copyPieces(): Digest {
    const hash = createHash('sha256');
    eachPiece(piece => {
      hash.update(piece);
      writeAll(fd, piece);
    });
    const before = hash.digest('hex');
    return { size: source.size, before, after: before };
  }

  function eachPiece(visit: (piece: Uint8Array) => void): void {
    for (let at = 0; at < source.size; at += PIECE) visit(source.read(at, Math.min(PIECE, source.size - at)));
  }
}

/** The digest of a file that stays as it is; `inspect` as with `copyFile`. */
export function digestFile(view: View, path: string, inspect?: (content: Uint8Array) => void): Digest {
  const source = view.open(path);
  const hash: Hash = createHash('sha256');
  try {
    if (inspect && source.size <= WHOLE) inspect(source.read(0, source.size));
    for (let at = 0; at < source.size; at += PIECE)
      hash.update(source.read(at, Math.min(PIECE, source.size - at)));
  } finally {
    source.close();
  }
  const before = hash.digest('hex');
  return { size: source.size, before, after: before };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += fs.writeSync(fd, bytes, done);
}
