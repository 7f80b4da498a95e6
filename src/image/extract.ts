import { existsSync, readdirSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { FlixError } from '../errors.ts';
import type { Progress } from '../io/progress.ts';
import { holdPlace, makeParent, publishDirectory, temporaryBeside } from '../io/publish.ts';
import { withImage } from './image.ts';
import { unpackImage } from './image-view.ts';

/**
 * Unpacks an image into a directory that is not there yet, or is empty: all of it or nothing. Files belong to the user
 * who calls. Throws `FlixError` `not-empty`, and those of reading and writing.
 */
export async function extractImage(file: string, directory: string, say: Progress): Promise<void> {
  await withImage(file, async image => {
    await makeParent(directory);
    await holdPlace(directory, say, async () => {
      if (existsSync(directory) && readdirSync(directory).length > 0)
        throw new FlixError(
          'input',
          'not-empty',
          `${directory} is there already, and not empty`,
          'Name a directory that is not there yet.',
        );
      say.step(`unpacking ${file}`);
      const temporary = await temporaryBeside(directory, 'directory');
      await unpackImage(image, temporary);
      await chmod(temporary, 0o755);
      await publishDirectory(temporary, directory);
      say.done();
    });
  });
}
