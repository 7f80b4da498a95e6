import { constants, existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { run } from '../io/spawn.ts';
import { RELEASE_STRICT } from '../view/attributes.ts';
import type { View } from '../view/view.ts';
import { walk } from '../view/walk.ts';
import type { ReleaseFile } from './release.ts';

/** The extended attribute that makes a release file count whatever the image is called (systemd-sysext(8)). */
export const ANY_NAME = { attribute: RELEASE_STRICT, value: '0' } as const;

export interface CopyRequest {
  /** The time of every file, in seconds. */
  readonly epoch: number;
  /** Replaces the release file of the tree. */
  readonly release: ReleaseFile | undefined;
  readonly anyName: boolean;
}

/**
 * Copies a tree and its release file into an empty directory. Kinds, modes, contents and hard links stay the same; files
 * belong to the user, times are as requested, and only requested extended attributes are set. The copy shares blocks
 * with the tree if the file system supports it.
 */
export async function copyTree(
  tree: View,
  to: string,
  { epoch, release, anyName }: CopyRequest,
): Promise<void> {
  const directories: string[] = [];
  const inodes = new Map<string, string>();
  for (const top of ['/', ...[...tree.list('/').keys()].map(name => `/${name}`)]) {
    if (top !== '/') await fs.mkdir(to + top, { recursive: true });
    directories.push(top);
    if (top === '/') continue;
    for (const { path: at, kind } of walk(tree, top)) {
      if (kind === 'directory') {
        await fs.mkdir(to + at);
        directories.push(at);
      } else if (kind === 'link') await copyLink(tree.readlink(at), to + at, epoch);
      else await copyFile(tree, at, to, inodes, epoch);
    }
  }
  if (release) directories.push(...(await writeRelease(to, release, anyName, epoch)));
  // directories come last, innermost first: writing into one changes its time, and its mode may not allow it
  for (const at of directories.reverse()) {
    const known = tree.kind(at) === 'directory';
    await fs.chmod(to + at, known ? tree.stat(at).mode : 0o755);
    await fs.utimes(to + at, epoch, epoch);
  }
}

async function copyFile(
  tree: View,
  at: string,
  to: string,
  inodes: Map<string, string>,
  epoch: number,
): Promise<void> {
  const { id, mode } = tree.stat(at);
  const earlier = inodes.get(id);
  if (earlier !== undefined) return fs.link(to + earlier, to + at);
  inodes.set(id, at);
  const source = tree.open(at);
  try {
    await fs.copyFile(source.place ?? tree.source(at).hostPath!, to + at, constants.COPYFILE_FICLONE);
  } finally {
    source.close();
  }
  await fs.chmod(to + at, mode);
  await fs.utimes(to + at, epoch, epoch);
}

async function copyLink(text: string, at: string, epoch: number): Promise<void> {
  await fs.symlink(text, at);
  await fs.lutimes(at, epoch, epoch);
}

/** @returns the directories that were created for it, outermost first */
async function writeRelease(
  to: string,
  { path: at, text, written }: ReleaseFile,
  anyName: boolean,
  epoch: number,
): Promise<string[]> {
  const made: string[] = [];
  for (let above = path.dirname(at); !existsSync(to + above); above = path.dirname(above))
    made.unshift(above);
  await fs.mkdir(to + path.dirname(at), { recursive: true });
  if (written !== 'kept') {
    await fs.rm(to + at, { force: true });
    await fs.writeFile(to + at, text);
    await fs.chmod(to + at, 0o644);
  }
  if (anyName) await run('setfattr', ['-n', ANY_NAME.attribute, '-v', ANY_NAME.value, to + at]);
  await fs.utimes(to + at, epoch, epoch);
  return made;
}
