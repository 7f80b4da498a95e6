import type { Command } from 'commander';
import { volumesOf, withImage } from '../image/image.ts';
import { listVolume } from '../image/unpack.ts';
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
        const entries = [];
        for (const volume of volumesOf(image)) entries.push(...(await listVolume(image, volume)));
        entries.sort((a, b) => (a.path < b.path ? -1 : 1));
        process.stdout.write(
          flags.json
            ? `${JSON.stringify(imageListDocument(file, entries), undefined, 2)}\n`
            : imageListText(entries),
        );
      });
    });
}
