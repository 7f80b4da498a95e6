import type { Command } from 'commander';
import { withImage } from '../image/image.ts';
import { listImage } from '../image/unpack.ts';
import { imageListJson, imageListText } from '../report/image-list.ts';
import { createCommand } from './command.ts';
import { writeResult } from './output.ts';

export function listCommand(): Command {
  return createCommand('list')
    .description(
      'Lists the contents of an image in the format of ls -l. Reads DDIs, erofs, squashfs, ext4 and btrfs, without ' +
        'mounting them.',
    )
    .argument('<image>', 'the image file')
    .option('--json', 'print one JSON document')
    .action(async (file: string, { json }: { readonly json?: true }) => {
      await withImage(file, async image => {
        const entries = await listImage(image);
        for (const piece of json ? imageListJson(file, entries) : imageListText(entries)) writeResult(piece);
      });
    });
}
