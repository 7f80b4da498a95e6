import type { Command } from 'commander';
import { progress } from '../io/progress.ts';
import { addToFeed } from '../pack/feed/feed.ts';
import { packTree } from '../pack/pack.ts';
import { feedText } from '../report/feed.ts';
import { imageDocument, imageText } from '../report/image.ts';
import { createCommand } from './command.ts';
import { feedOptions } from './feed-options.ts';
import { imageRequest } from './image-options.ts';
import { packOptions } from './option-table.ts';
import { addOptions, optionValues } from './options.ts';

export function packCommand(): Command {
  const command = createCommand('pack')
    .description(
      'Makes an image of a tree that systemd takes for an extension or a portable service, the same bytes for the ' +
        'same tree, and beside it the root hash, the manifest and a line in SHA256SUMS.',
    )
    .argument('<tree>', 'the directory that holds usr, opt or both (a confext: etc)');
  return addOptions(command, packOptions).action(async (tree: string) => {
    const options = optionValues(command, packOptions);
    const { type, host, name, output, force, quiet, explain } = options;
    const say = progress({ quiet });
    const published = feedOptions(options);
    const request = imageRequest(options, {
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
      options.json
        ? `${JSON.stringify({ ...imageDocument(image), feed: feed ?? null }, undefined, 2)}\n`
        : imageText(image, explain) + (feed ? feedText(feed) : ''),
    );
  });
}
