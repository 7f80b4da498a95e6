import { bytesReader, type Reader } from '../../src/elf/reader.ts';

/** Returns a reader that fails the test if the parser reads outside the file. */
export function guarded(bytes: Uint8Array): Reader {
  const inner = bytesReader(bytes);
  return {
    size: inner.size,
    read(offset, length) {
      const sane = [offset, length].every(value => Number.isSafeInteger(value) && value >= 0);
      if (!sane || offset + length > inner.size)
        throw new RangeError(`read of ${length} bytes at ${offset} of ${inner.size}`);
      return inner.read(offset, length);
    },
  };
}
