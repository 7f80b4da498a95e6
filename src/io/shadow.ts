import fs from 'node:fs/promises';
import path from 'node:path';
import { removeTree } from './private-directory.ts';
import { existsSync } from 'node:fs';

/**
 * Gives `work` a temporary tree that shares the files of another, whose directories everybody may enter. Its parent
 * belongs to the caller alone, so that a process needs a chroot into it, and nothing in it is opened to others.
 *
 * @param extra a file of this machine to add, such as an emulator, which must be inside a root to run programs there:
 *   it must never be in the tree itself, and containers do not permit mounts
 * @param readable paths of files inside the tree that everybody must be able to read and execute; they are copied
 */
export async function withShadow<T>(
  tree: string,
  {
    extra,
    readable,
  }: {
    readonly extra?: { readonly at: string; readonly from: string };
    readonly readable: ReadonlySet<string>;
  },
  work: (shadow: string) => Promise<T>,
): Promise<T> {
  // with this name, the cleanup after a killed run finds it, too
  const closed = `${tree}.run`;
  const shadow = path.join(closed, 'root');
  try {
    await fs.mkdir(closed, { mode: 0o700 });
    await linkTree(tree, shadow, name => readable.has(name.slice(tree.length)));
    if (extra) await copyForAll(extra.from, shadow + extra.at);
    return await work(shadow);
  } finally {
    await removeTree(closed);
  }
}

async function linkTree(from: string, to: string, isCopied: (source: string) => boolean): Promise<void> {
  await fs.mkdir(to);
  await fs.chmod(to, 0o755); // whatever the umask is
  for (const entry of await fs.readdir(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) await linkTree(source, target, isCopied);
    else if (entry.isSymbolicLink()) await fs.symlink(await fs.readlink(source), target);
    else if (isCopied(source)) await copyForAll(source, target);
    else await linkOrCopy(source, target);
  }
}

async function copyForAll(source: string, target: string): Promise<void> {
  await fs.copyFile(source, target);
  await fs.chmod(target, 0o755);
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
