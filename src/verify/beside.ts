import path from 'node:path';
import { FlixError } from '../errors.ts';
import { readOptionalText } from '../io/read-text.ts';
import { parseSums } from '../pack/sha256sums.ts';
import { imageNameOf } from '../systemd/image-name.ts';
import type { RootHashClaim } from './disk.ts';

const ROOT_HASH = /^[0-9a-f]{64,128}$/;

/** The root hashes from outside the image: the user's, and that in `NAME.roothash` beside it. Throws `FlixError` `bad-roothash`. */
export function rootHashClaims(image: string, given: string | undefined): RootHashClaim[] {
  const claims: RootHashClaim[] = [];
  if (given !== undefined) claims.push({ from: '--roothash', hash: given.trim().toLowerCase() });
  const file = path.join(path.dirname(image), `${imageNameOf(path.basename(image))}.roothash`);
  const text = readOptionalText(file);
  if (text !== undefined) claims.push({ from: file, hash: text.trim() });
  for (const { from, hash } of claims)
    if (!ROOT_HASH.test(hash)) {
      const message = `${from}: ${JSON.stringify(hash.slice(0, 80))} is not a root hash`;
      throw new FlixError('input', 'bad-roothash', message, 'Give a SHA-256 in 64 hexadecimal digits.');
    }
  return claims;
}

/** The digest that a SHA256SUMS lists for an image. */
export interface ListedSum {
  readonly file: string;
  /** `undefined`: it does not list the image. */
  readonly expected: string | undefined;
}

/**
 * Looks an image up in the SHA256SUMS that the user names, otherwise in the one beside the image; `undefined`: there is
 * none. Throws `FlixError` `no-sums`.
 */
export function listedSum(image: string, given: string | undefined): ListedSum | undefined {
  const file = given ?? path.join(path.dirname(image), 'SHA256SUMS');
  const text = readOptionalText(file);
  if (text === undefined) {
    if (given === undefined) return undefined;
    throw new FlixError(
      'input',
      'no-sums',
      `${file} does not exist`,
      'Name a SHA256SUMS that lists the image.',
    );
  }
  return { file, expected: parseSums(text).get(path.basename(image)) };
}
