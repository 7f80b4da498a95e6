import { FlixError } from '../errors.ts';
import type { Reader } from '../elf/reader.ts';
import type { FileSystemType } from './file-system.ts';

/** How a file system is read that may lie about itself. */
export interface Bounded {
  /** `bad-file-system`. @param why as it goes on after “cannot be read” */
  readonly bad: (why: string) => FlixError;
  /** Throws `bad` where the image ends before. @param offset in bytes, as is the length */
  readonly bytesAt: (reader: Reader, offset: number, length: number) => Buffer;
}

export function boundedReads(type: FileSystemType): Bounded {
  const bad = (why: string) =>
    new FlixError('input', 'bad-file-system', `the ${type} file system cannot be read: ${why}`);
  return {
    bad,
    bytesAt: (reader, offset, length) => {
      if (!Number.isSafeInteger(offset + length) || offset + length > reader.size)
        throw bad('it leads to places behind its end: it is cut off or damaged');
      return Buffer.from(reader.read(offset, length));
    },
  };
}
