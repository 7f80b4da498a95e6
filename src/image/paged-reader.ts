import type { Reader } from '../elf/reader.ts';

/** In bytes. */
const PAGE = 16 * 1024;
/** How many pages are in memory at once: 4 MiB. */
const PAGES = 256;

/**
 * Returns a reader that keeps the pages of another that were read last: the names, inodes and small files of a file system
 * lie close together, and a system call for each would cost more than anything else. Callers must not change the bytes that
 * it returns.
 */
export function pagedReader(reader: Reader): Reader {
  const pages = Array.from({ length: PAGES }, () => ({ number: -1, bytes: new Uint8Array() }));
  const pageAt = (number: number): Uint8Array => {
    const known = pages[number % PAGES]!;
    if (known.number !== number) {
      const start = number * PAGE;
      // a copy, in case the reader uses its buffer again; a new one, because readers may still use the replaced page
      known.bytes = new Uint8Array(reader.read(start, Math.min(PAGE, reader.size - start)));
      known.number = number;
    }
    return known.bytes;
  };
  return {
    size: reader.size,
    read: (offset, length, into) => {
      const number = Math.floor(offset / PAGE);
      const start = offset - number * PAGE;
      if (start + length <= PAGE) return pageAt(number).subarray(start, start + length);
      return reader.read(offset, length, into);
    },
  };
}
