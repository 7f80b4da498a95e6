import { ElfError } from './error.ts';

/** Random access to the bytes of one file; the parser asks for nothing outside `0 … size`. */
export interface Reader {
  /** In bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`; the result may alias a buffer of the reader's.
   * @param into memory that it may use for them, of at least `length` bytes: fresh memory costs more than reading
   */
  read(offset: number, length: number, into?: Buffer): Uint8Array;
}

/** A reader over bytes that are in memory already. */
export function bytesReader(bytes: Uint8Array): Reader {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** Reads a range that comes from the file itself, and so may be a lie. Throws `ElfError` if it is outside the file. */
export function readRange(
  reader: Reader,
  offset: number,
  length: number,
  what: string,
  into?: Buffer,
): Uint8Array {
  if (!Number.isSafeInteger(offset) || offset < 0 || length < 0 || offset + length > reader.size)
    throw new ElfError(
      'truncated',
      offset,
      `${what} (${length} bytes at ${offset}) lies outside the file of ${reader.size} bytes`,
    );
  return reader.read(offset, length, into);
}
