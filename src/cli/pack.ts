import { type Command, Option } from 'commander';
import { progress } from '../io/progress.ts';
import { addToFeed } from '../pack/feed/feed.ts';
import { packTree } from '../pack/pack.ts';
import { type ImageType, imageTypes } from '../systemd/image-type.ts';
import { feedText } from '../report/feed.ts';
import { imageDocument, imageText } from '../report/image.ts';
import { createCommand } from './command.ts';
import { addFeedOptions, type FeedFlags, feedOptions } from './feed-options.ts';
import { addImageOptions, type ImageFlags, imageRequest } from './image-options.ts';

interface Flags extends ImageFlags, FeedFlags {
  readonly output?: string;
  readonly name?: string;
  readonly type: ImageType;
  readonly host?: string;
  readonly force?: true;
  readonly json?: true;
  readonly quiet?: true;
  readonly explain?: true;
}

export function packCommand(): Command {
  const command = createCommand('pack')
    .description(
      'Makes an image of a tree that systemd takes for an extension or a portable service, the same bytes for the ' +
        'same tree, and beside it the root hash, the manifest and a line in SHA256SUMS.',
    )
    .argument('<tree>', 'the directory that holds usr, opt or both (a confext: etc)')
    .option('-o, --output <file>', 'the image (default: <name>.raw in the directory that holds the tree)')
    .option(
      '--name <name>',
      'of the extension (default: that of the output, else of the release file in the tree)',
    )
    .addOption(new Option('--type <type>', 'what systemd does with it').choices(imageTypes).default('sysext'))
    .option(
      '--host <place>',
      'the extension fits hosts as this root or profile: its ID= and SYSEXT_LEVEL= or VERSION_ID=',
    );
  return addFeedOptions(addImageOptions(command))
    .option('--force', 'replace a file that no SHA256SUMS shows to come from flix')
    .option('--explain', 'say what each line of the summary means')
    .option('--json', 'print one JSON document')
    .option('--quiet', 'no progress and no messages')
    .action(async (tree: string, flags: Flags) => {
      const { type, host, name, output, force = false, quiet = false, explain = false } = flags;
      const say = progress({ quiet });
      const published = feedOptions(flags);
      const request = imageRequest(flags, {
        tree,
        type,
        force,
        progress: say,
        ...(host !== undefined && { host }),
        ...(name !== undefined && { name }),
        ...(output !== undefined && { output }),
      });
      const image = await packTree(tree, request);
      const feed = published && (await addToFeed(image, published, say));
      process.stdout.write(
        flags.json
          ? `${JSON.stringify({ ...imageDocument(image), feed: feed ?? null }, undefined, 2)}\n`
          : imageText(image, explain) + (feed ? feedText(feed) : ''),
      );
    });
}
