import fs from 'node:fs';
import { errnoOf, ioFailure } from './failure.ts';

/** A small file of this machine that need not be there (`undefined`). Throws `FlixError` where it cannot be read. */
export function readOptionalText(file: string): string | undefined {
  return readOptionalBytes(file)?.toString('utf8');
}

/** The same, as it is. */
export function readOptionalBytes(file: string): Buffer | undefined {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw ioFailure(error, `cannot read ${file}`);
  }
}
