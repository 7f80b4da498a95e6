import type { Reader } from '../elf/reader.ts';

const PAGE = 16 * 1024;
/** Pages in memory at once; together a few megabytes. */
const PAGES = 256;

/**
 * Keeps the pages of a reader that were read last: the names, inodes and small files of a file system lie close together,
 * and a call of the kernel for each would cost more than all else. Its bytes must not be changed.
 */
export function pagedReader(reader: Reader): Reader {
  const pages = Array.from({ length: PAGES }, () => ({ number: -1, bytes: new Uint8Array() }));
  const pageAt = (number: number): Uint8Array => {
    const known = pages[number % PAGES]!;
    if (known.number !== number) {
      const start = number * PAGE;
      // a copy, in case the reader uses its buffer again; a page that others still see is replaced, not overwritten
      known.bytes = Uint8Array.from(reader.read(start, Math.min(PAGE, reader.size - start)));
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
