import { spawnSync } from 'node:child_process';
import { constants, rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { FlixError } from '../errors.ts';
import { errnoOf, ioFailure } from './failure.ts';
import type { Progress } from './progress.ts';
import path from 'node:path';

const RETRY_MS = 100;

/**
 * Locks a place against other runs with flock(2). The lock belongs to the open file, so it ends with this process in any
 * case, is never stale, and works between containers that share the directory. Node has no flock, so flock(1) locks a
 * descriptor that this process keeps open.
 *
 * @param wait wait for the lock, as for a place that many runs share (SHA256SUMS); by default a locked place is an error
 * @returns a function that releases the lock
 */
export async function lockPlace(
  place: OutputPlace,
  say: Progress,
  wait = false,
): Promise<() => Promise<void>> {
  for (;;) {
    const file = await openLock(place);
    try {
      await takeLock(place, file.fd, say, wait);
      if (await isStill(place.lock, file)) return holdUntilExit(place, file);
    } catch (error) {
      await file.close();
      throw error;
    }
    await file.close(); // the previous holder removed the file after we opened it, so locking it has no effect
  }
}

async function openLock(place: OutputPlace): Promise<fs.FileHandle> {
  let file: fs.FileHandle;
  try {
    file = await fs.open(place.lock, LOCK_FLAGS, 0o644);
  } catch (error) {
    throw errnoOf(error) === 'ELOOP'
      ? foreignLock(place)
      : ioFailure(error, `cannot write into ${place.parent}`);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw foreignLock(place);
}

/** Its name can be guessed, so another user may have put a link or a FIFO there: does not follow the one or wait for the other. */
const LOCK_FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function foreignLock(place: OutputPlace): FlixError {
  return new FlixError(
    'input',
    'foreign-lock',
    `${place.lock} is not a regular file, so flix did not make it and does not lock it`,
    'Remove it, or write to a directory that only you may write.',
  );
}

async function takeLock(place: OutputPlace, descriptor: number, say: Progress, wait: boolean): Promise<void> {
  let answer = flock(descriptor);
  if (answer === 'taken' && wait) {
    say.message(`${place.target} is being written by another run of flix; waiting until it has finished`);
    while (answer === 'taken') {
      await delay(RETRY_MS);
      answer = flock(descriptor);
    }
  }
  if (answer === 'taken') throw taken(place);
  if (answer !== 'locked')
    say.message(
      `${place.lock}: cannot be locked (${answer}); do not let two runs write the same place at once`,
    );
}

/** Does not use execa, which accepts no descriptor above 9 and takes longer to import than this whole call. */
function flock(descriptor: number): string {
  const { status, error, stderr } = spawnSync('flock', ['-n', '-x', '0'], {
    stdio: [descriptor, 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (error) return errnoOf(error) === 'ENOENT' ? 'flock is not installed' : error.message;
  if (status === 0) return 'locked';
  return status === 1 ? 'taken' : stderr.trim();
}

function taken(place: OutputPlace): FlixError {
  return new FlixError(
    'io',
    'place-taken',
    `${place.target} is being written by another run of flix`,
    'Wait until it has finished, or write to another place.',
  );
}

async function isStill(lock: string, file: fs.FileHandle): Promise<boolean> {
  const mine = await file.stat();
  try {
    const there = await fs.lstat(lock);
    return there.ino === mine.ino && there.dev === mine.dev;
  } catch {
    return false;
  }
}

function holdUntilExit(place: OutputPlace, file: fs.FileHandle): () => Promise<void> {
  const remove = () => rmSync(place.lock, { force: true });
  process.once('exit', remove);
  return async () => {
    process.off('exit', remove);
    remove(); // before unlocking, because afterwards the file may belong to another run
    await file.close();
  };
}

/**
 * A path that flix writes, and the siblings that a killed run may leave behind. They are siblings because a rename works
 * only within a file system. The holder of the lock owns all of them.
 */
export interface OutputPlace {
  /** Absolute. */
  readonly target: string;
  readonly parent: string;
  /** Where the previous content is while the new one takes its place. */
  readonly old: string;
  readonly lock: string;
  /** The digests of the files that a run is about to publish together. */
  readonly announced: string;
  /** Prefix of the names of unfinished files and directories. */
  readonly newPrefix: string;
}

export function placeOf(target: string): OutputPlace {
  const absolute = path.resolve(target);
  const { dir: parent, base } = path.parse(absolute);
  const sibling = (suffix: string) => path.join(parent, `.${base}.flix-${suffix}`);
  return {
    target: absolute,
    parent,
    old: sibling('old'),
    lock: sibling('lock'),
    announced: sibling('announced'),
    newPrefix: `.${base}.flix-new-`,
  };
}
