import { FlixError } from '../errors.ts';
import { run } from '../io/spawn.ts';
import { fileReader } from '../view/file-reader.ts';
import { listErofs } from './erofs.ts';
import { type FileSystemReader, UNPACK_MS } from './reader.ts';

export const erofsReader: FileSystemReader = {
  tools: ['fsck.erofs'],
  async list(file) {
    const reader = fileReader(file, file);
    try {
      return listErofs(reader);
    } finally {
      reader.close();
    }
  },
  async check(file) {
    const options = { allowFailure: true, timeoutMs: UNPACK_MS };
    // --extract without a directory decompresses everything and writes nothing
    const { exitCode, stdout, stderr } = await run('fsck.erofs', ['--extract', file], options);
    return exitCode === 0 ? undefined : `${stdout}\n${stderr}`.trim();
  },
  async unpack(file, directory) {
    // version 1.5 restores owners after modes, which would clear setuid
    const options = [`--extract=${directory}`, '--preserve-perms', '--no-preserve-owner'];
    try {
      await run('fsck.erofs', [...options, file], { timeoutMs: UNPACK_MS });
    } catch (error) {
      if (error instanceof FlixError && /unidentified|unsupported|unknown/i.test(error.message))
        throw new FlixError('missing', 'old-tool', error.message, 'Try a newer version of erofs-utils.');
      throw error;
    }
  },
};
