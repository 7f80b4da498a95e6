import fs from 'node:fs/promises';
import { errnoOf, ioFailure } from './failure.ts';
import path from 'node:path';

/**
 * Gives `work` a new directory that no other user may enter, and always removes it with its contents afterwards. Throws `FlixError` `io-…`.
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

/** Returns how many bytes can still be written into a directory. */
export async function freeSpace(directory: string): Promise<number> {
  const { bavail, bsize } = await fs.statfs(directory);
  return bavail * bsize;
}

/** Writes a small file into such a directory. */
export async function writePrivate(file: string, content: Uint8Array): Promise<void> {
  await fs.writeFile(file, content, { flag: 'wx', mode: 0o600 });
}

/** Removes a tree, even if it contains directories that their owner may not write. */
export async function removeTree(directory: string): Promise<void> {
  try {
    await fs.rm(directory, { recursive: true, force: true });
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    await openUp(directory);
    await fs.rm(directory, { recursive: true, force: true });
  }
}

async function openUp(directory: string): Promise<void> {
  await fs.chmod(directory, 0o700);
  for (const entry of await fs.readdir(directory, { withFileTypes: true }))
    if (entry.isDirectory()) await openUp(path.join(directory, entry.name));
}
