import fs from 'node:fs';
import type { Editable } from '../relocate/edit.ts';

/** A file of the tree that is open for reading and writing. */
export function editable(fd: number): Editable {
  return {
    read(offset, length) {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, offset));
    },
    write: (offset, bytes) => void fs.writeSync(fd, bytes, 0, bytes.length, offset),
  };
}
