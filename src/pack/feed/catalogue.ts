import fs from 'node:fs';
import path from 'node:path';
import { readOptionalText } from '../../io/read-text.ts';
import { compareAsSystemd } from '../../systemd/version-order.ts';
import { parseSums } from '../sha256sums.ts';
import { type FeedImage, feedFile, feedName, parseFeedFile } from './names.ts';

const TRANSFER = '.transfer';

/** The names of the extensions in a feed. */
export function extensionsIn(directory: string): string[] {
  return fs
    .readdirSync(directory)
    .filter(file => file.endsWith(TRANSFER))
    .map(file => file.slice(0, -TRANSFER.length));
}

/** The digests in the SHA256SUMS of a directory, by file name. */
export function sumsOf(directory: string): Map<string, string> {
  return parseSums(readOptionalText(path.join(directory, 'SHA256SUMS')) ?? '');
}

/** The images of an extension among the files of a feed. */
export function imagesOf(sums: ReadonlyMap<string, string>, name: string): FeedImage[] {
  return [...sums.keys()].map(file => parseFeedFile(file, name)).filter(image => image !== undefined);
}

/** The newest image of each name, release and architecture, one a line: `btop x86-64 1.4.0 btop-1.4.0-x86-64.raw`. */
export function latestText(directory: string): string {
  const sums = sumsOf(directory);
  const newest = new Map<string, FeedImage>();
  for (const image of extensionsIn(directory).flatMap(name => imagesOf(sums, name))) {
    const key = `${feedName(image.name, image.release)} ${image.architecture}`;
    const known = newest.get(key);
    if (!known || compareAsSystemd(known.version, image.version) < 0) newest.set(key, image);
  }
  return [...newest]
    .map(([key, image]) => `${key} ${image.version} ${feedFile(image)}\n`)
    .sort()
    .join('');
}
