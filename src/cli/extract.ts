import type { Command } from 'commander';
import { extractImage } from '../image/extract.ts';
import { progress } from '../io/progress.ts';
import { createCommand } from './command.ts';

export function extractCommand(): Command {
  return createCommand('extract')
    .description(
      'Unpacks an image into a new directory, completely or not at all. Reads DDIs, erofs, squashfs, ext4 and btrfs, ' +
        'without mounting them. Refuses an image that would write outside the directory.',
    )
    .argument('<image>', 'the image file')
    .argument('<dir>', 'a directory that does not exist yet or is empty')
    .option('--quiet', 'print no progress and no messages')
    .action(async (file: string, directory: string, { quiet = false }: { readonly quiet?: boolean }) => {
      await extractImage(file, directory, progress({ quiet }));
    });
}
