import { FlixError } from '../errors.ts';
import type { FeedOptions } from '../pack/feed/feed.ts';
import type { packOptions } from './option-table.ts';
import type { OptionValues } from './options.ts';

/** `undefined`: no feed is wanted. Throws `FlixError` `usage`. */
export function feedOptions({
  feed,
  feedUrl,
  instancesMax,
  gpgKey,
  version,
}: OptionValues<typeof packOptions>): FeedOptions | undefined {
  if (feed === undefined) {
    if (feedUrl === undefined && instancesMax === undefined && gpgKey === undefined) return undefined;
    throw new FlixError(
      'input',
      'usage',
      '--feed-url, --instances-max and --gpg-key belong to a feed',
      'Name its directory with --feed.',
    );
  }
  if (version === undefined)
    throw new FlixError(
      'input',
      'no-version',
      'an image of a feed needs a version',
      'Give it with --version.',
    );
  // sysupdate.d(5): at least two, so that the one in use is never replaced
  const number = Number(instancesMax ?? '2');
  if (!Number.isInteger(number) || number < 2)
    throw new FlixError(
      'input',
      'usage',
      `--instances-max ${instancesMax} is not a whole number of at least 2`,
      'For example: --instances-max 3',
    );
  return {
    directory: feed,
    instancesMax: number,
    ...(feedUrl !== undefined && { url: feedUrl }),
    ...(gpgKey !== undefined && { gpgKey }),
  };
}
