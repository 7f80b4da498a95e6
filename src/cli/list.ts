import type { Command } from 'commander';
import { withImage } from '../image/image.ts';
import { listImage } from '../image/unpack.ts';
import { imageListDocument, imageListText } from '../report/image-list.ts';
import { createCommand } from './command.ts';

export function listCommand(): Command {
  return createCommand('list')
    .description(
      'Shows what an image holds, like ls -l. A DDI, or erofs, squashfs, ext4 or btrfs; nothing is mounted.',
    )
    .argument('<image>', 'a file')
    .option('--json', 'print one JSON document')
    .action(async (file: string, flags: { readonly json?: true }) => {
      await withImage(file, async image => {
        const entries = await listImage(image);
        entries.sort((a, b) => (a.path < b.path ? -1 : 1));
        process.stdout.write(
          flags.json
            ? `${JSON.stringify(imageListDocument(file, entries), undefined, 2)}\n`
            : imageListText(entries),
        );
      });
    });
}
