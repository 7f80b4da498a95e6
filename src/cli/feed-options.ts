import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import type { FeedOptions } from '../pack/feed/feed.ts';

/** What `pack` is told about the feed, as commander gives it. */
export interface FeedFlags {
  readonly feed?: string;
  readonly feedUrl?: string;
  readonly instancesMax?: string;
  readonly gpgKey?: string;
  /** Of the image. */
  readonly version?: string;
}

export function addFeedOptions(command: Command): Command {
  return command
    .option(
      '--feed <dir>',
      'put the image into a directory that a web server serves to systemd-sysupdate too',
    )
    .option('--feed-url <url>', 'where that directory is served; the feed remembers it')
    .option('--instances-max <number>', 'how many versions a host keeps (default: 2)')
    .option('--gpg-key <key>', 'signs the SHA256SUMS of the feed; what gpg calls the key');
}

/** `undefined`: no feed is wanted. Throws `FlixError` `usage`. */
export function feedOptions({
  feed,
  feedUrl,
  instancesMax,
  gpgKey,
  version,
}: FeedFlags): FeedOptions | undefined {
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
    throw new FlixError('input', 'usage', `--instances-max ${instancesMax} is no number from 2 on`);
  return {
    directory: feed,
    instancesMax: number,
    ...(feedUrl !== undefined && { url: feedUrl }),
    ...(gpgKey !== undefined && { gpgKey }),
  };
}
