import { type Command, Option } from 'commander';
import { sourceDateEpoch } from '../io/epoch.ts';
import { progress } from '../io/progress.ts';
import { type Compression, compressions, type Format, formats } from '../pack/format.ts';
import { packTree } from '../pack/pack.ts';
import { imageDocument, imageText } from '../report/image.ts';
import { createCommand } from './command.ts';

interface Flags {
  readonly output?: string;
  readonly name?: string;
  readonly format: Format;
  readonly compress: Compression;
  readonly force?: true;
  readonly json?: true;
  readonly quiet?: true;
}

export function packCommand(): Command {
  return createCommand('pack')
    .description(
      'Makes a systemd-sysext image of a tree, the same bytes for the same tree, and its line in SHA256SUMS.',
    )
    .argument('<tree>', 'the directory that holds usr, opt or both')
    .option('-o, --output <file>', 'the image (default: <name>.raw in the directory that holds the tree)')
    .option(
      '--name <name>',
      'of the extension (default: that of the output, else of the release file in the tree)',
    )
    .addOption(new Option('--format <format>', 'file system').choices(formats).default('erofs'))
    .addOption(new Option('--compress <how>', 'how hard to try').choices(compressions).default('small'))
    .option('--force', 'replace a file that no SHA256SUMS shows to come from flix')
    .option('--json', 'print one JSON document')
    .option('--quiet', 'no progress and no messages')
    .action(async (tree: string, flags: Flags) => {
      const { output, name, format, compress, force = false, quiet = false } = flags;
      const image = await packTree(tree, {
        format,
        compress,
        epoch: sourceDateEpoch(),
        force,
        progress: progress({ quiet }),
        ...(name !== undefined && { name }),
        ...(output !== undefined && { output }),
      });
      process.stdout.write(
        flags.json ? `${JSON.stringify(imageDocument(image), undefined, 2)}\n` : imageText(image),
      );
    });
}
