import fs from 'node:fs/promises';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { errnoOf, ioFailure } from './failure.ts';
import { lockPlace, type OutputPlace, placeOf } from './lock.ts';
import type { Progress } from './progress.ts';
import { removeTree } from './private-directory.ts';

/**
 * Holds a place while `work` builds beside it and publishes there: locked against other runs, and repaired first
 * from what a killed run left. Throws `FlixError`: `place-taken`, `special-in-place`, `io-…`.
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

/** The directory that will hold a place, with all above it. Throws `FlixError` `io-…`. */
export async function makeParent(target: string): Promise<void> {
  const { parent } = placeOf(target);
  try {
    await fs.mkdir(parent, { recursive: true });
  } catch (error) {
    throw ioFailure(error, `cannot make ${parent}`);
  }
}

/**
 * Makes whole what a killed run left: a place that is empty because the run died between the two renames gets
 * back what stood there, and what was being built is removed. Only for the one who holds the place.
 *
 * @returns what was done, in sentences
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
      done.push(`${target}: put back, since a run was interrupted while it was replaced`);
    }
  }
  for (const name of await removeUnfinished(place))
    done.push(`${target}: removed ${name}, which an interrupted run left`);
  return done;
}

/**
 * For a place that is read before it is held: what stood there is put back if a run was killed as it stood aside.
 * Throws as `holdPlace`.
 */
export async function restorePlace(target: string, say: Progress): Promise<void> {
  const place = placeOf(target);
  if (!(await exists(place.target)) && (await exists(place.old)))
    await holdPlace(target, say, () => Promise.resolve());
}

/** @returns the names of what was removed */
async function removeUnfinished(place: OutputPlace): Promise<string[]> {
  const names = await fs.readdir(place.parent);
  const unfinished = names.filter(name => name.startsWith(place.newPrefix));
  for (const name of unfinished) await removeTree(path.join(place.parent, name));
  return unfinished;
}

/** A file or an empty directory beside its later place, removed when the place is let go if it was not published. */
export async function temporaryBeside(target: string, kind: 'file' | 'directory'): Promise<string> {
  const place = placeOf(target);
  const [{ randomBytes }, { default: tmp }] = await Promise.all([
    import('node:crypto'),
    import('tmp-promise'),
  ]);
  tmp.setGracefulCleanup();
  const options = { tmpdir: place.parent, name: place.newPrefix + randomBytes(6).toString('hex') };
  try {
    if (kind === 'directory') return (await tmp.dir({ ...options, mode: 0o755, unsafeCleanup: true })).path;
    return (await tmp.file({ ...options, mode: 0o666, discardDescriptor: true })).path;
  } catch (error) {
    throw ioFailure(error, `cannot write into ${place.parent}`);
  }
}

/**
 * Puts a finished file in its place, over what is there: at any moment, also after a power cut, the place holds
 * the old file or the new one.
 */
export async function publishFile(temporary: string, target: string): Promise<void> {
  const place = placeOf(target);
  await sync(temporary);
  await fs.rename(temporary, place.target);
  await sync(place.parent);
}

/**
 * Puts a finished directory in its place. rename(2) does not replace a directory that holds anything, so the old one
 * steps aside first; a run that is killed in between leaves a place that `repairPlace` makes whole.
 */
export async function publishDirectory(temporary: string, target: string): Promise<void> {
  const place = placeOf(target);
  const standing = await lstat(place.target);
  if (standing && !standing.isDirectory())
    throw new FlixError('input', 'file-in-place', `${place.target} is a file`, 'name a directory');
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

/** A rename would replace a link and leave alone what it leads to, and put a file where a device was: never meant. */
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
    'name another place, or remove what stands there',
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

/** Puts a file in its place, whole or not at all; everybody may read it. Throws `FlixError` `io-…`. */
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
