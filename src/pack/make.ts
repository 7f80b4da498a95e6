import fs from 'node:fs/promises';
import path from 'node:path';
import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import { type Format, type MakeRequest, makers } from './format.ts';

/** A file system with less than this left has stopped its writer. */
const FULL = 256 * 1024;

/** Runs the tool of the format. Throws `FlixError`: `disk-full`, and those of `run`. */
export async function makeImage(format: Format, request: MakeRequest): Promise<void> {
  const maker = makers[format];
  try {
    await run(maker.tool, maker.arguments(request));
  } catch (error) {
    // mkfs.erofs 1.5 reports a full disk as "Numerical result out of range"
    const directory = path.dirname(request.output);
    const { bavail, bsize } = await fs.statfs(directory);
    if (!(error instanceof FlixError) || error.code !== 'tool-failed' || bavail * bsize > FULL) throw error;
    const message = `${directory}: no space left for the image\n${error.message}`;
    throw new FlixError('io', 'disk-full', message, 'free some space, or name another place with -o');
  }
}
