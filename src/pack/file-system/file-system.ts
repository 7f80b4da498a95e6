import type { Compression } from '../format.ts';
import fs from 'node:fs/promises';
import path from 'node:path';
import { FlixError } from '../../errors.ts';
import { run } from '../../io/spawn.ts';

export interface MakeRequest {
  /** Absolute, as `output`, so that neither is taken for an option. */
  readonly tree: string;
  readonly output: string;
  readonly compress: Compression;
  /** The oldest kernel that has to read it. */
  readonly kernel: string;
  /** Seconds, for every file and for the file system itself. */
  readonly epoch: number;
  readonly uuid: string;
  /** The tool's; `undefined` if it does not say. */
  readonly version: string | undefined;
}

/**
 * How a file system is made so that the bytes depend on the tree alone: no times, owners or UUID of their own, and no
 * extended attributes of the source: labels are those of the machine that builds, and a capability hands out rights
 * in silence.
 */
export interface FileSystemMaker<R extends MakeRequest = MakeRequest> {
  readonly tool: string;
  readonly arguments: (request: R) => string[];
  readonly environment?: (request: R) => Readonly<Record<string, string>>;
  /** It takes owners and times from the tree: the tree is copied first, so that they are ours. */
  readonly copies: boolean;
  /** What of the promise “the same tree, the same bytes” it does not keep. */
  readonly notReproducible?: (version: string | undefined) => string | undefined;
}

/** A file system with less than this left has stopped its writer. */
const FULL = 256 * 1024;

/** Runs the tool of a file system. Throws `FlixError`: `disk-full`, and those of `run`. */
export async function makeFileSystem<R extends MakeRequest>(
  maker: FileSystemMaker<R>,
  request: R,
): Promise<void> {
  const environment = maker.environment?.(request);
  const asked = maker.arguments(request);
  // whoever is not root owns what was copied: in a namespace of their own that is root
  const mapped = maker.copies && process.getuid?.() !== 0;
  const [tool, args] = mapped ? ['unshare', ['--map-root-user', maker.tool, ...asked]] : [maker.tool, asked];
  await whereDiskFills(request.output, () => run(tool, args, environment ? { env: environment } : {}));
}

/** What stops a tool is told in its own words, which for a full disk may be anything. */
export async function whereDiskFills<T>(output: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // mkfs.erofs 1.5 reports a full disk as "Numerical result out of range"
    const directory = path.dirname(output);
    const { bavail, bsize } = await fs.statfs(directory);
    if (!(error instanceof FlixError) || error.code !== 'tool-failed' || bavail * bsize > FULL) throw error;
    const message = `${directory}: no space left for the image\n${error.message}`;
    throw new FlixError('io', 'disk-full', message, 'free some space, or name another place with -o');
  }
}
