import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { FlixError } from '../errors.ts';
import { errnoOf, ioFailure } from './failure.ts';
import type { Progress } from './progress.ts';
import path from 'node:path';

const RETRY_MS = 100;

/**
 * Keeps runs that write one place apart. The lock is flock(2)'s: it belongs to the open file, so it ends with this
 * process however that ends, is never stale, and holds between containers that share the directory. Node has no
 * flock: flock(1) takes it on a descriptor that stays open here.
 *
 * @param wait for a place that many runs share (SHA256SUMS); else a place that is taken is an error
 * @returns gives the lock back
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
    await file.close(); // its holder removed it while we opened it: that file locks nothing any more
  }
}

async function openLock(place: OutputPlace): Promise<fs.FileHandle> {
  try {
    return await fs.open(place.lock, 'a', 0o644);
  } catch (error) {
    throw ioFailure(error, `cannot write into ${place.parent}`);
  }
}

async function takeLock(place: OutputPlace, descriptor: number, say: Progress, wait: boolean): Promise<void> {
  let answer = flock(descriptor);
  if (answer === 'taken' && wait) {
    say.message(`${place.target} is being written by another run of flix: waiting for its end`);
    while (answer === 'taken') {
      await delay(RETRY_MS);
      answer = flock(descriptor);
    }
  }
  if (answer === 'taken') throw taken(place);
  if (answer !== 'locked')
    say.message(
      `${place.lock}: no lock (${answer}); two runs that write one place at once are not kept apart`,
    );
}

/** execa takes no descriptor above 9, and its import costs more than this whole call. */
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
    'wait until it has ended, or write elsewhere',
  );
}

async function isStill(lock: string, file: fs.FileHandle): Promise<boolean> {
  const mine = await file.stat();
  try {
    const there = await fs.stat(lock);
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
    remove(); // before it is unlocked: afterwards it may be another run's
    await file.close();
  };
}

/**
 * A place that is written, and the siblings that a run may leave beside it when it is killed. They are siblings,
 * since a rename works inside one file system only. Whoever holds the lock owns them all.
 */
export interface OutputPlace {
  /** Absolute. */
  readonly target: string;
  readonly parent: string;
  /** What stood there before, while the new one is put in its place. */
  readonly old: string;
  readonly lock: string;
  /** Names of what is being built begin so. */
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
    newPrefix: `.${base}.flix-new-`,
  };
}
