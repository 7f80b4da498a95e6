import { run } from '../../io/spawn.ts';
import { UNPACK_MS } from '../reader.ts';

/** Unpacks a squashfs into a directory that may be there, without extended attributes. Throws `FlixError`. */
export async function unsquash(file: string, directory: string): Promise<void> {
  const options = ['-quiet', '-no-progress', '-no-xattrs', '-force', '-dest', directory];
  await run('unsquashfs', [...options, file], { timeoutMs: UNPACK_MS });
}
