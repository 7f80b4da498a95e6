import fs from 'node:fs';
import path from 'node:path';
import { fileDigest } from '../io/file-bytes.ts';
import { placeOf } from '../io/lock.ts';
import { readOptionalText } from '../io/read-text.ts';

/**
 * Notes the digests of the files that will be published together with `target`, before the first of them is in its
 * place. If the run is killed before SHA256SUMS lists them, the next run knows that they are its own, even if it makes
 * other bytes (ext4 before 1.47.1, btrfs, signatures with elliptic curves). The caller holds the place.
 *
 * @param digests hexadecimal, by file name
 */
export function announce(target: string, digests: ReadonlyMap<string, string>): void {
  const { announced } = placeOf(target);
  // the files of an earlier run that was killed are still there
  const lines = new Set([...linesOf(target), ...[...digests].map(([name, sha256]) => `${sha256}  ${name}`)]);
  fs.rmSync(announced, { force: true });
  try {
    const fd = fs.openSync(announced, 'wx', 0o644);
    try {
      fs.writeFileSync(fd, [...lines].map(line => `${line}\n`).join(''));
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    forgetAnnounced(target);
    throw error;
  }
}

/** Whether a file is what a run that was killed announced together with `target`. */
export async function isAnnounced(target: string, file: string): Promise<boolean> {
  const lines = linesOf(target);
  return (
    lines.length > 0 &&
    fs.existsSync(file) &&
    lines.includes(`${await fileDigest(file)}  ${path.basename(file)}`)
  );
}

/** Forgets what was announced, once SHA256SUMS lists it. */
export function forgetAnnounced(target: string): void {
  fs.rmSync(placeOf(target).announced, { force: true });
}

function linesOf(target: string): string[] {
  return (readOptionalText(placeOf(target).announced) ?? '').split('\n').filter(line => line !== '');
}
