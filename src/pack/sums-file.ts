import { existsSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Progress } from '../io/progress.ts';
import { holdPlace, publishFile, temporaryBeside } from '../io/publish.ts';
import { readOptionalText } from '../io/read-text.ts';
import { parseSums, withoutSums, withSum } from './sha256sums.ts';

/** Whether the SHA256SUMS in a file's directory lists the file. */
export async function isListed(file: string): Promise<boolean> {
  const sums = readSums(path.join(path.dirname(file), 'SHA256SUMS'));
  return parseSums(sums).has(path.basename(file));
}

/**
 * Writes the lines of files into the SHA256SUMS of their directory and removes the lines of deleted files. Runs that
 * write other images there wait for each other.
 *
 * @param digests hexadecimal, by file name
 * @param deleted file names
 */
export async function recordSums(
  directory: string,
  digests: ReadonlyMap<string, string>,
  deleted: readonly string[],
  say: Progress,
): Promise<void> {
  const sums = path.join(directory, 'SHA256SUMS');
  const write = async () => {
    const before = readSums(sums);
    const kept = withoutSums(before, deleted);
    const after = [...digests].reduce((text, [name, sha256]) => withSum(text, name, sha256), kept);
    if (after === before) return;
    const temporary = await temporaryBeside(sums, 'file');
    await fs.writeFile(temporary, after);
    await publishFile(temporary, sums);
    if (existsSync(`${sums}.gpg`))
      say.message(`${sums}.gpg no longer matches SHA256SUMS, which has changed: sign it again`);
  };
  await holdPlace(sums, say, write, { wait: true });
}

function readSums(sums: string): string {
  return readOptionalText(sums) ?? '';
}
