import fs from 'node:fs';
import { errnoOf, ioFailure } from './failure.ts';

/** Reads a small file of this machine; `undefined` if it does not exist. Throws `FlixError` if it cannot be read. */
export function readOptionalText(file: string): string | undefined {
  return readOptionalBytes(file)?.toString('utf8');
}

/** Does the same and returns the bytes. */
export function readOptionalBytes(file: string): Buffer | undefined {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw ioFailure(error, `cannot read ${file}`);
  }
}
