import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { FlixError } from '../errors.ts';
import { fileDigest } from '../io/file-bytes.ts';

/**
 * Returns a digest of a file's content and permissions, or of all names, permissions, links and contents below a directory.
 * A place that does not exist has a digest of its own.
 */
export async function inputDigest(place: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const line of linesBelow(place, '.')) hash.update(`${line}\0`);
  return hash.digest('hex');
}

async function* linesBelow(place: string, name: string): AsyncGenerator<string> {
  const stat = await (name === '.' ? fs.stat(place) : fs.lstat(place)).catch(() => undefined);
  const facts = stat && `${name} ${(stat.mode & 0o7777).toString(8)}`;
  if (stat?.isDirectory()) {
    yield `directory ${facts}`;
    for (const entry of ((await unlessForbidden(fs.readdir(place))) ?? []).sort())
      yield* linesBelow(path.join(place, entry), `${name}/${entry}`);
  } else if (stat?.isSymbolicLink()) yield `link ${name} ${await fs.readlink(place)}`;
  else if (stat?.isFile()) yield `file ${facts} ${String(await unlessForbidden(fileDigest(place)))}`;
  else yield `${stat ? 'special' : 'absent'} ${name}`;
}

/**
 * Returns what is read; `undefined`: this user may not read it. The jobs of this user cannot read it either, so it does not
 * decide their results; an example is the home of root in a root.
 */
async function unlessForbidden<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException | FlixError;
    if (code === 'EACCES' || code === 'io-eacces') return undefined;
    throw error;
  }
}

/** Returns the size of a file, or of all files below a directory, in bytes; `null`: the place does not exist. */
export async function placeSize(place: string): Promise<number | null> {
  const stat = await fs.lstat(place).catch(() => undefined);
  if (!stat?.isDirectory()) return stat ? stat.size : null;
  let sum = 0;
  for (const name of await fs.readdir(place)) sum += (await placeSize(path.join(place, name))) ?? 0;
  return sum;
}
