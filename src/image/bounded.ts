import { FlixError } from '../errors.ts';
import type { Reader } from '../elf/reader.ts';
import type { FileSystemType } from './file-system.ts';

/** Reads of a file system whose metadata may be wrong or malicious. */
export interface Bounded {
  /** Returns a `bad-file-system` error. @param why completes “the … file system cannot be read: …” */
  readonly bad: (why: string) => FlixError;
  /** Reads a range, in bytes, which may be a view of a buffer of the reader. Throws `bad` if the image ends before the range does. */
  readonly bytesAt: (reader: Reader, offset: number, length: number) => Buffer;
}

export function boundedReads(type: FileSystemType): Bounded {
  const bad = (why: string) =>
    new FlixError('input', 'bad-file-system', `the ${type} file system cannot be read: ${why}`);
  return {
    bad,
    bytesAt: (reader, offset, length) => {
      if (!Number.isSafeInteger(offset + length) || offset + length > reader.size)
        throw bad('it refers to data beyond its end: it is truncated or damaged');
      const bytes = reader.read(offset, length);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    },
  };
}
