import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileDigest } from '../../io/file-bytes.ts';

/**
 * Returns the directory that is kept between runs (XDG Base Directory Specification); a temporary one if this user has no home.
 *
 * @param otherwise where to work without a home
 */
export function cacheDirectory(otherwise: string): string {
  const { XDG_CACHE_HOME, HOME } = process.env;
  if (XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME)) return path.join(XDG_CACHE_HOME, 'flix');
  return HOME && path.isAbsolute(HOME) ? path.join(os.homedir(), '.cache', 'flix') : otherwise;
}

/** Package files under their digests. Several processes may use it at once: files are linked into place, complete, and never changed. */
export class PackageCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Copies a file out of the cache. Returns whether it is there and not damaged. */
  async take(sha256: string, to: string): Promise<boolean> {
    try {
      const cached = this.#place(sha256);
      if ((await fileDigest(cached)) === sha256) {
        await linkOrCopy(cached, to);
        return true;
      }
      await fs.rm(cached, { force: true });
    } catch {
      // it has to be downloaded
    }
    return false;
  }

  async put(sha256: string, file: string): Promise<void> {
    const place = this.#place(sha256);
    const beside = `${place}.${randomBytes(6).toString('hex')}`;
    try {
      await fs.mkdir(this.#directory, { recursive: true });
      await fs.access(place).catch(async () => {
        await linkOrCopy(file, beside);
        await fs.rename(beside, place);
      });
    } catch {
      await fs.rm(beside, { force: true }); // a cache that cannot be written only costs time
    }
  }

  #place(sha256: string): string {
    return path.join(this.#directory, `${sha256}.deb`);
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await fs.link(from, to);
  } catch {
    await fs.copyFile(from, to);
  }
}
