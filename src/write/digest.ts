import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type OpeningSearch, openingSearch } from '../plan/openings.ts';
import type { PlannedFile } from '../plan/plan.ts';
import type { Opening } from '../manifest/manifest.ts';
import { basename } from '../view/path.ts';

/** The content of a file before and after its edits. */
export interface Digest {
  /** The size after the edits, in bytes. */
  readonly size: number;
  /** Hexadecimal SHA-256. */
  readonly before: string;
  readonly after: string;
}

/** What one pass over the files of a tree finds. */
export interface Digests {
  /** Of every copied file, by its path in the tree. */
  readonly digests: ReadonlyMap<string, Digest>;
  readonly openings: readonly Opening[];
}

/**
 * Reads the files that were copied to a tree. Works in this process, because Node's OpenSSL is several times as fast as
 * sha256sum(1), and gives the event loop a turn before each file, because the proof runs at the same time.
 *
 * @param originals digests of the sources of edited files
 */
export async function digestTree(
  files: readonly PlannedFile[],
  directory: string,
  originals: ReadonlyMap<string, string>,
): Promise<Digests> {
  const digests = new Map<string, Digest>();
  const openings: Opening[] = [];
  for (const { target, role, content } of files) {
    if (content.kind !== 'copy') continue;
    await nextTurn();
    const search = role === 'resource' ? undefined : openingSearch(basename(target));
    const { size, sha256 } = digestFile(directory + target, search);
    digests.set(target, { size, before: originals.get(target) ?? sha256, after: sha256 });
    if (search) openings.push(...search.openings(target));
  }
  return { digests, openings };
}

/** Bytes to read at once, into one buffer: allocating memory costs more than the digest. */
const PIECE = 1024 * 1024;
const buffer = Buffer.allocUnsafeSlow(PIECE);

function digestFile(file: string, search: OpeningSearch | undefined): { size: number; sha256: string } {
  const hash = createHash('sha256');
  const fd = fs.openSync(file, 'r');
  try {
    let size = 0;
    for (let read = -1; read !== 0; size += read) {
      read = fs.readSync(fd, buffer, 0, PIECE, null);
      const piece = buffer.subarray(0, read);
      hash.update(piece);
      search?.see(piece);
    }
    return { size, sha256: hash.digest('hex') };
  } finally {
    fs.closeSync(fd);
  }
}
