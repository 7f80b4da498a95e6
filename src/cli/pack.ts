import type { Command } from 'commander';
import { FlixError } from '../errors.ts';
import { addToFeed, type FeedOptions } from '../pack/feed/feed.ts';
import { checkFeedVersion } from '../pack/feed/names.ts';
import { packTree } from '../pack/pack.ts';
import { manifestsIn } from '../manifest/manifests-in.ts';
import { directoryView } from '../view/directory.ts';
import { feedText, imageDocument, imageText } from '../report/image.ts';
import { createCommand } from './command.ts';
import { imageRequest, imageSettings } from './image-request.ts';
import { packGroups, packOptions } from './option-table.ts';
import { contradiction, jsonText, messagesOf, writeResult } from './output.ts';
import { addGroups, optionValues, type OptionValues } from './options.ts';

export function packCommand(): Command {
  const command = createCommand('pack')
    .description(
      'Makes an image of a tree that systemd uses as an extension or a portable service. The same tree gives the same ' +
        'bytes. Beside the image are written its root hash, its manifest and its line in SHA256SUMS.',
    )
    .argument('<tree>', 'the directory that contains usr, opt or both (of a confext: etc)');
  return addGroups(command, packGroups)
    .addHelpText(
      'after',
      `
Examples:
  flix pack ./btop --compress fast
  flix pack ./btop --version 1 --key key.pem --certificate cert.pem --explain
  flix pack ./btop --version 2 --feed ./public --feed-url https://example.org/sysext`,
    )
    .action(async (tree: string) => {
      const options = optionValues(command, packOptions);
      const { type, host, name, output, force, quiet, json, explain } = options;
      if (explain && json) throw contradiction('--explain', '--json');
      if (explain && quiet) throw contradiction('--explain', '--quiet');
      const messages = messagesOf(options);
      const feedRequest = feedRequestOf(options);
      const request = imageRequest(imageSettings(options, type, host), {
        tree,
        force,
        progress: messages,
        ...(name !== undefined && { name }),
        ...(output !== undefined && { output }),
      });
      const image = await packTree(tree, request);
      const perHost = feedRequest && perHostOf(tree);
      const feed = feedRequest && (await addToFeed(image, { ...feedRequest, perHost }, messages));
      if (json) writeResult(jsonText({ ...imageDocument(image), feed: feed ?? null }));
      else if (!quiet) writeResult(imageText(image, explain) + (feed ? feedText(feed) : ''));
    });
}

/** Returns the hosts for which `flix vendor --per-host` made a tree; `undefined`: it did not make it. */
function perHostOf(tree: string): FeedOptions['perHost'] {
  return manifestsIn(directoryView(tree, { versions: false, label: tree })).find(({ host }) => host)?.host
    ?.perHost;
}

type FeedChoice = Pick<
  OptionValues<typeof packOptions>,
  'feed' | 'feedUrl' | 'instancesMax' | 'gpgKey' | 'version'
>;

/** Returns what to do with the feed; `undefined` without `--feed`. Throws `FlixError`: `usage`, `no-version`, `bad-version`. */
export function feedRequestOf({
  feed,
  feedUrl,
  instancesMax,
  gpgKey,
  version,
}: FeedChoice): FeedOptions | undefined {
  if (feed === undefined) {
    if (feedUrl === undefined && instancesMax === undefined && gpgKey === undefined) return undefined;
    throw new FlixError(
      'input',
      'usage',
      '--feed-url, --instances-max and --gpg-key need --feed',
      'Name the directory of the feed with --feed.',
    );
  }
  if (version === undefined)
    throw new FlixError(
      'input',
      'no-version',
      'an image in a feed needs a version',
      'Name one with --version.',
    );
  checkFeedVersion(version);
  // sysupdate.d(5): at least two, so that the version in use is never replaced
  const number = Number(instancesMax ?? '2');
  if (!Number.isInteger(number) || number < 2)
    throw new FlixError(
      'input',
      'usage',
      `--instances-max ${instancesMax} is not a whole number of at least 2`,
      'The host needs at least two, so that the version in use is never replaced.',
    );
  return {
    directory: feed,
    instancesMax: number,
    ...(feedUrl !== undefined && { url: feedUrl }),
    ...(gpgKey !== undefined && { gpgKey }),
  };
}
