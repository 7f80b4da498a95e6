import { FlixError } from '../errors.ts';

/** @param path of the loader */
export function notSealable(path: string, cause: string): FlixError {
  return new FlixError(
    'input',
    'loader-not-sealable',
    `${path} cannot be sealed: ${cause}`,
    'Give the loader as its distribution ships it, or use --seal none or --mode flatwrap.',
  );
}
