import { ElfError } from './error.ts';

/** Random access to the bytes of a file. The parser reads nothing outside `0 … size`. */
export interface Reader {
  /** Size of the file, in bytes. */
  readonly size: number;
  /**
   * Returns exactly `length` bytes from `offset`. The result may alias a buffer of the reader.
   * @param into a buffer of at least `length` bytes that the reader may fill; allocating one costs more than reading
   */
  read(offset: number, length: number, into?: Buffer): Uint8Array;
}

/** Returns a reader of bytes in memory. */
export function bytesReader(bytes: Uint8Array): Reader {
  return {
    size: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** Reads a range whose bounds come from the file and so cannot be trusted. Throws `ElfError` if it is outside the file. */
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
      `${what} (${length} bytes at ${offset}) is outside the file of ${reader.size} bytes`,
    );
  return reader.read(offset, length, into);
}
