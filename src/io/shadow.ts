import fs from 'node:fs/promises';
import path from 'node:path';
import { removeTree } from './private-directory.ts';
import { existsSync } from 'node:fs';

/**
 * Gives `work` a temporary tree that shares the files of another and contains one more, such as an emulator that must be
 * inside a root to run programs there. The file must never be in the tree itself, and containers do not permit mounts.
 *
 * @param extra `at` is a path inside the temporary tree, `from` a file of this machine
 */
export async function withShadow<T>(
  tree: string,
  extra: { readonly at: string; readonly from: string },
  work: (shadow: string) => Promise<T>,
): Promise<T> {
  // with this name, the cleanup after a killed run finds it, too
  const shadow = `${tree}.run`;
  try {
    await linkTree(tree, shadow);
    await fs.copyFile(extra.from, shadow + extra.at);
    await fs.chmod(shadow + extra.at, 0o755);
    return await work(shadow);
  } finally {
    await removeTree(shadow);
  }
}

async function linkTree(from: string, to: string): Promise<void> {
  await fs.mkdir(to);
  for (const entry of await fs.readdir(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target);
    else if (entry.isSymbolicLink()) await fs.symlink(await fs.readlink(source), target);
    else await linkOrCopy(source, target);
  }
}

/** Copies where the file system has no hard links. */
async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await fs.link(source, target);
  } catch {
    await fs.copyFile(source, target);
  }
}

/**
 * Finds the qemu on this machine that runs programs of another machine.
 *
 * @param machine qemu's name of the other machine, such as `aarch64`
 * @returns its path. It has to be static to work in a foreign root, which its name does not always tell.
 */
export function findEmulator(machine: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin'].filter(
    directory => directory !== '',
  );
  return [`qemu-${machine}-static`, `qemu-${machine}`]
    .flatMap(name => directories.map(directory => path.join(directory, name)))
    .find(file => existsSync(file));
}
