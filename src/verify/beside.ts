import path from 'node:path';
import { FlixError } from '../errors.ts';
import { readOptionalText } from '../io/read-text.ts';
import { parseSums } from '../pack/sha256sums.ts';
import { imageNameOf } from '../systemd/image-name.ts';
import type { RootHashClaim } from './disk.ts';

const ROOT_HASH = /^[0-9a-f]{64,128}$/;

/** The root hashes that are given apart from the image: the user's, and that of `NAME.roothash` beside it. Throws `FlixError` `bad-roothash`. */
export function rootHashClaims(image: string, given: string | undefined): RootHashClaim[] {
  const claims: RootHashClaim[] = [];
  if (given !== undefined) claims.push({ from: '--roothash', hash: given.trim().toLowerCase() });
  const file = path.join(path.dirname(image), `${imageNameOf(path.basename(image))}.roothash`);
  const text = readOptionalText(file);
  if (text !== undefined) claims.push({ from: file, hash: text.trim() });
  for (const { from, hash } of claims)
    if (!ROOT_HASH.test(hash)) {
      const message = `${from}: ${JSON.stringify(hash.slice(0, 80))} is no root hash`;
      throw new FlixError('input', 'bad-roothash', message, 'It is a SHA-256 in 64 hexadecimal digits.');
    }
  return claims;
}

/** What a SHA256SUMS says of an image. `expected` is `undefined` where it has no line for it. */
export interface ListedSum {
  readonly file: string;
  readonly expected: string | undefined;
}

/**
 * @param given by the user; else the file beside the image is taken, if there is one
 * Throws `FlixError` `no-sums`.
 */
export function listedSum(image: string, given: string | undefined): ListedSum | undefined {
  const file = given ?? path.join(path.dirname(image), 'SHA256SUMS');
  const text = readOptionalText(file);
  if (text === undefined) {
    if (given === undefined) return undefined;
    throw new FlixError('input', 'no-sums', `${file}: there is no such file`);
  }
  return { file, expected: parseSums(text).get(path.basename(image)) };
}
