import fs from 'node:fs/promises';
import path from 'node:path';
import { removeTree } from './private-directory.ts';
import { existsSync } from 'node:fs';

/**
 * A tree that shares the files of another and holds one more, for as long as `work` runs: what has to stand in a root
 * to run something there must never stand in the tree itself, and a container grants no mounts.
 *
 * @param extra `at` inside the shadow; `from` is a file of this machine
 */
export async function withShadow<T>(
  tree: string,
  extra: { readonly at: string; readonly from: string },
  work: (shadow: string) => Promise<T>,
): Promise<T> {
  // named so that whoever clears away a killed run's work finds this too
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

/** Some file systems have no hard links. */
async function linkOrCopy(source: string, target: string): Promise<void> {
  try {
    await fs.link(source, target);
  } catch {
    await fs.copyFile(source, target);
  }
}

/**
 * The qemu of this machine that runs programs of another one, if there is one.
 *
 * @param machine qemu's name of it, such as `aarch64`
 * @returns its path; whether it is static, as it has to be to work in a foreign root, its name does not always say
 */
export function findEmulator(machine: string): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin'].filter(
    directory => directory !== '',
  );
  return [`qemu-${machine}-static`, `qemu-${machine}`]
    .flatMap(name => directories.map(directory => path.join(directory, name)))
    .find(file => existsSync(file));
}
