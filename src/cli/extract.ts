import type { Command } from 'commander';
import { withImage } from '../image/image.ts';
import { unpackImage } from '../image/image-view.ts';
import type { Progress } from '../io/progress.ts';
import { publishNewDirectory } from '../io/publish.ts';
import { createCommand } from './command.ts';
import { messageOptions } from './option-table.ts';
import { addOptions, optionValues } from './options.ts';
import { messagesOf } from './output.ts';

export function extractCommand(): Command {
  const command = createCommand('extract')
    .description(
      'Unpacks an image into a new directory, completely or not at all. Reads DDIs, erofs, squashfs, ext4 and btrfs, ' +
        'without mounting them. Refuses an image that would write outside the directory.',
    )
    .argument('<image>', 'the image file')
    .argument('<dir>', 'a directory that does not exist yet or is empty');
  return addOptions(command, messageOptions).action(async (file: string, directory: string) => {
    await extractImage(file, directory, messagesOf(optionValues(command, messageOptions)));
  });
}

/**
 * Unpacks an image into a directory that does not exist yet or is empty: completely or not at all. The files belong to
 * the calling user. Throws `FlixError` `not-empty`, and those of reading and writing.
 */
export async function extractImage(file: string, directory: string, say: Progress): Promise<void> {
  await withImage(file, image =>
    publishNewDirectory(directory, say, async temporary => {
      say.step(`unpacking ${file}`);
      await unpackImage(image, temporary);
      say.done();
    }),
  );
}
