import fs from 'node:fs';
import { FlixError } from '../errors.ts';
import { errnoOf, ioFailure } from './failure.ts';

/** Nothing larger is read as a whole; a sparse file may claim any size. */
const MAX_BYTES = 256 * 1024 * 1024;

/** Reads a small file of this machine; `undefined` if it does not exist. Throws `FlixError` if it cannot be read. */
export function readOptionalText(file: string): string | undefined {
  return readOptionalBytes(file)?.toString('utf8');
}

/** Does the same and returns the bytes. */
export function readOptionalBytes(file: string): Buffer | undefined {
  try {
    return readFileBytes(file);
  } catch (error) {
    if (error instanceof FlixError && error.code === 'io-enoent') return undefined;
    throw error;
  }
}

/** Reads a small file of this machine. Throws `FlixError`: `not-a-regular-file`, `file-too-large`, `io-…`. */
export function readFileBytes(file: string): Buffer {
  const descriptor = openRegular(file);
  try {
    if (fs.fstatSync(descriptor).size > MAX_BYTES)
      throw new FlixError('input', 'file-too-large', `${file} is larger than ${MAX_BYTES / 1024 / 1024} MiB`);
    return fs.readFileSync(descriptor);
  } catch (error) {
    throw ioFailure(error, `cannot read ${file}`);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Does not wait for a writer of a FIFO or acquire a controlling terminal. */
const FLAGS = fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;

/**
 * Opens a file of this machine for reading. Refuses FIFOs, sockets and devices, whose reader would wait for ever. Throws
 * `FlixError`: `not-a-regular-file`, `io-…`.
 *
 * @returns a descriptor
 */
export function openRegular(file: string): number {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, FLAGS);
  } catch (error) {
    throw errnoOf(error) === 'ENXIO' ? notRegular(file) : ioFailure(error, `cannot read ${file}`);
  }
  const stat = fs.fstatSync(descriptor);
  if (stat.isFile()) return descriptor;
  fs.closeSync(descriptor);
  throw notRegular(file);
}

function notRegular(file: string): FlixError {
  return new FlixError('input', 'not-a-regular-file', `${file} is not a regular file`);
}
