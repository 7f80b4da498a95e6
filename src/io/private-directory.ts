import fs from 'node:fs/promises';
import { ioFailure } from './failure.ts';
import { removeTree } from './remove.ts';

/**
 * Gives `work` a new directory that nobody else may enter, and removes it with all that is in it, whatever becomes of
 * the work. Throws `FlixError` `io-…`.
 */
export async function inPrivateDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const { default: tmp } = await import('tmp-promise');
  tmp.setGracefulCleanup();
  let directory: string;
  try {
    directory = (await tmp.dir({ prefix: 'flix', mode: 0o700, unsafeCleanup: true })).path;
  } catch (error) {
    throw ioFailure(error, 'cannot make a temporary directory');
  }
  try {
    return await work(directory);
  } finally {
    await removeTree(directory);
  }
}

/** Bytes that can still be written into a directory. */
export async function freeSpace(directory: string): Promise<number> {
  const { bavail, bsize } = await fs.statfs(directory);
  return bavail * bsize;
}

/** A small file in such a directory. */
export async function writePrivate(file: string, content: Uint8Array): Promise<void> {
  await fs.writeFile(file, content, { flag: 'wx', mode: 0o600 });
}
