import fs from 'node:fs/promises';
import type { Progress } from './progress.ts';
import { holdPlace, makeParent, publishFile, temporaryBeside } from './publish.ts';

/** Puts a file in its place, whole or not at all; everybody may read it. Throws `FlixError` `io-…`. */
export async function publishBytes(target: string, bytes: Uint8Array, say: Progress): Promise<void> {
  await makeParent(target);
  await holdPlace(target, say, async () => {
    const temporary = await temporaryBeside(target, 'file');
    await fs.writeFile(temporary, bytes);
    await fs.chmod(temporary, 0o644);
    await publishFile(temporary, target);
  });
}
