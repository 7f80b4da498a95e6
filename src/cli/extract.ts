import type { Command } from 'commander';
import { extractImage } from '../image/extract.ts';
import { progress } from '../io/progress.ts';
import { createCommand } from './command.ts';

export function extractCommand(): Command {
  return createCommand('extract')
    .description(
      'Unpacks an image into a new directory: all of it or nothing. A DDI, or erofs, squashfs, ext4 or btrfs; ' +
        'nothing is mounted, and an image that would write elsewhere is refused.',
    )
    .argument('<image>', 'a file')
    .argument('<dir>', 'a directory that is not there yet, or is empty')
    .option('--quiet', 'no progress and no messages')
    .action(async (file: string, directory: string, flags: { readonly quiet?: true }) => {
      await extractImage(file, directory, progress({ quiet: flags.quiet ?? false }));
    });
}
