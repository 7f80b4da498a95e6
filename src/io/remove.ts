import fs from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from './failure.ts';

/** Removes a tree, also one that holds directories which their owner may not write. */
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
