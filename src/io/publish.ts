import fs from 'node:fs/promises';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { errnoOf, ioFailure } from './failure.ts';
import { lockPlace, type OutputPlace, placeOf } from './lock.ts';
import type { Progress } from './progress.ts';
import { removeAtExit, removeTree } from './private-directory.ts';

/**
 * Locks a place while `work` builds beside it and publishes to it. First repairs what a killed run left behind. Throws `FlixError`: `place-taken`, `special-in-place`, `io-…`.
 */
export async function holdPlace<T>(
  target: string,
  say: Progress,
  work: () => Promise<T>,
  { wait = false } = {},
): Promise<T> {
  const place = placeOf(target);
  const unlock = await lockPlace(place, say, wait);
  try {
    await refuseSpecial(place);
    for (const repair of await repairPlace(target)) say.message(repair);
    return await work();
  } catch (error) {
    throw ioFailure(error, `cannot write ${target}`);
  } finally {
    try {
      await removeUnfinished(place);
    } finally {
      await unlock();
    }
  }
}

/** Creates the parent directory of a place, with its own parents. Throws `FlixError` `io-…`. */
export async function makeParent(target: string): Promise<void> {
  const { parent } = placeOf(target);
  try {
    await fs.mkdir(parent, { recursive: true });
  } catch (error) {
    throw ioFailure(error, `cannot make ${parent}`);
  }
}

/**
 * Repairs what a killed run left behind: restores the previous content if the run died between the two renames, and
 * removes unfinished files. The caller must hold the place.
 *
 * @returns sentences that say what was done
 */
export async function repairPlace(target: string): Promise<string[]> {
  const place = placeOf(target);
  const done: string[] = [];
  if (await exists(place.old)) {
    if (await exists(place.target)) {
      await removeTree(place.old);
      done.push(`${target}: removed what an interrupted run had replaced`);
    } else {
      await fs.rename(place.old, place.target);
      done.push(`${target}: restored, because an interrupted run had moved it aside`);
    }
  }
  for (const name of await removeUnfinished(place))
    done.push(`${target}: removed ${name}, which an interrupted run left`);
  return done;
}

/**
 * Restores the previous content of a place if a run was killed while it had moved that content aside. For places that are
 * read before they are locked. Throws what `holdPlace` throws.
 */
export async function restorePlace(target: string, say: Progress): Promise<void> {
  const place = placeOf(target);
  if (!(await exists(place.target)) && (await exists(place.old)))
    await holdPlace(target, say, () => Promise.resolve());
}

/** @returns the names of the removed files and directories */
async function removeUnfinished(place: OutputPlace): Promise<string[]> {
  const names = await fs.readdir(place.parent);
  const unfinished = names.filter(name => name.startsWith(place.newPrefix));
  for (const name of unfinished) await removeTree(path.join(place.parent, name));
  return unfinished;
}

/** Creates a file or an empty directory beside the place. If it is not published, it is removed when the place is released. */
export async function temporaryBeside(target: string, kind: 'file' | 'directory'): Promise<string> {
  const place = placeOf(target);
  const { randomBytes } = await import('node:crypto');
  const temporary = path.join(place.parent, place.newPrefix + randomBytes(6).toString('hex'));
  try {
    if (kind === 'directory') await fs.mkdir(temporary, 0o755);
    else await fs.writeFile(temporary, '', { flag: 'wx', mode: 0o666 });
    removeAtExit(temporary);
    return temporary;
  } catch (error) {
    throw ioFailure(error, `cannot write into ${place.parent}`);
  }
}

/**
 * Moves a finished file to its place, replacing any old file. At any moment, even after a power failure, the place contains
 * either the old or the new file.
 */
export async function publishFile(temporary: string, target: string): Promise<void> {
  const place = placeOf(target);
  await sync(temporary);
  await fs.rename(temporary, place.target);
  await sync(place.parent);
}

/**
 * Moves a finished directory to its place. rename(2) does not replace a directory that is not empty, so the old one is
 * moved aside first. If the run is killed in between, `repairPlace` restores the old one.
 */
export async function publishDirectory(temporary: string, target: string): Promise<void> {
  const place = placeOf(target);
  const standing = await lstat(place.target);
  if (standing && !standing.isDirectory())
    throw new FlixError('input', 'file-in-place', `${place.target} is a file`, 'Name a directory.');
  const replaces = standing !== undefined;
  if (replaces) await fs.rename(place.target, place.old);
  try {
    await fs.rename(temporary, place.target);
  } catch (error) {
    if (replaces) await fs.rename(place.old, place.target);
    throw error;
  }
  if (replaces) await removeTree(place.old);
}

/**
 * Creates a directory from what `fill` writes into an empty one: completely or not at all. An empty directory is
 * replaced. Throws `FlixError` `not-empty`, and those of `holdPlace` and `fill`.
 */
export async function publishNewDirectory(
  directory: string,
  say: Progress,
  fill: (temporary: string) => Promise<unknown>,
): Promise<void> {
  await makeParent(directory);
  await holdPlace(directory, say, async () => {
    if ((await exists(directory)) && (await fs.readdir(directory)).length > 0)
      throw new FlixError(
        'input',
        'not-empty',
        `${directory} already exists and is not empty`,
        'Name a directory that does not exist yet.',
      );
    const temporary = await temporaryBeside(directory, 'directory');
    await fill(temporary);
    await fs.chmod(temporary, 0o755);
    await publishDirectory(temporary, directory);
  });
}

/** Refuses links and devices: a rename would replace the link instead of its target, or put a file where a device was. */
async function refuseSpecial(place: OutputPlace): Promise<void> {
  const stat = await lstat(place.target);
  if (!stat || stat.isFile() || stat.isDirectory()) return;
  const what = stat.isSymbolicLink()
    ? `a link to ${await fs.readlink(place.target)}`
    : 'a device, FIFO or socket';
  throw new FlixError(
    'input',
    'special-in-place',
    `${place.target} is ${what}`,
    'Name another place, or remove what is there.',
  );
}

async function exists(file: string): Promise<boolean> {
  return (await lstat(file)) !== undefined;
}

async function lstat(file: string) {
  try {
    return await fs.lstat(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function sync(file: string): Promise<void> {
  const handle = await fs.open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Throws the `FlixError` that `publishBytes` would throw, before there is anything to write. Makes the parent directory. */
export async function checkFilePlace(target: string, say: Progress): Promise<void> {
  await makeParent(target);
  await holdPlace(target, say, async () => {
    if ((await lstat(target))?.isDirectory())
      throw new FlixError('input', 'directory-in-place', `${target} is a directory`, 'Name a file.');
  });
}

/** Writes a file that everybody may read, completely or not at all. Throws `FlixError` `io-…`. */
export async function publishBytes(
  target: string,
  bytes: Uint8Array,
  say: Progress,
  { wait = false } = {},
): Promise<void> {
  await makeParent(target);
  const work = async () => {
    const temporary = await temporaryBeside(target, 'file');
    await fs.writeFile(temporary, bytes);
    await fs.chmod(temporary, 0o644);
    await publishFile(temporary, target);
  };
  await holdPlace(target, say, work, { wait });
}
