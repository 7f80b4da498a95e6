import type { Compression } from '../format.ts';
import fs from 'node:fs/promises';
import path from 'node:path';
import { FlixError } from '../../errors.ts';
import { run } from '../../io/spawn.ts';

export interface MakeRequest {
  /** Absolute like `output`, so that neither can be mistaken for an option. */
  readonly tree: string;
  readonly output: string;
  readonly compress: Compression;
  /** The oldest Linux that must be able to read the file system. */
  readonly kernel: string;
  /** The time of every file and of the file system itself, in seconds. */
  readonly epoch: number;
  readonly uuid: string;
  /** Of the tool; `undefined`: unknown. */
  readonly version: string | undefined;
}

/**
 * Makes a file system whose bytes depend only on the tree and the request: times, owners and the UUID are given, and
 * extended attributes of the source are left out, because labels belong to the build machine and a capability would
 * silently grant privileges.
 */
export interface FileSystemMaker<R extends MakeRequest = MakeRequest> {
  readonly arguments: (request: R) => string[];
  readonly environment?: (request: R) => Readonly<Record<string, string>>;
  /** The tool takes owners and times from the tree, so the tree must be copied first. */
  readonly copies: boolean;
  /** A warning if the same tree does not always give the same bytes. */
  readonly notReproducible?: (version: string | undefined) => string | undefined;
}

/** A tool that failed with less free space than this, in bytes, failed because the disk is full. */
const FULL = 256 * 1024;

/** Runs the tool of a file system. Throws `FlixError`: `disk-full`, and those of `run`. */
export async function makeFileSystem<R extends MakeRequest>(
  maker: FileSystemMaker<R>,
  tool: string,
  request: R,
): Promise<void> {
  const environment = maker.environment?.(request);
  const options = maker.arguments(request);
  // the copied files belong to the user; in a user namespace the user is root
  const mapped = maker.copies && process.getuid?.() !== 0;
  const [command, args] = mapped ? ['unshare', ['--map-root-user', tool, ...options]] : [tool, options];
  await whereDiskFills(request.output, () => run(command, args, environment ? { env: environment } : {}));
}

/** Reports a full disk as such, whatever the tool says about it. Throws `FlixError` `disk-full`. */
export async function whereDiskFills<T>(output: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // mkfs.erofs 1.5 reports a full disk as "Numerical result out of range"
    const directory = path.dirname(output);
    const { bavail, bsize } = await fs.statfs(directory);
    if (!(error instanceof FlixError) || error.code !== 'tool-failed' || bavail * bsize > FULL) throw error;
    const message = `${directory}: no space left for the image\n${error.message}`;
    throw new FlixError('io', 'disk-full', message, 'Free some space, or choose another place with -o.');
  }
}
