import fs from 'node:fs';
import nodePath from 'node:path';
import type { Editable } from '../relocate/edit.ts';

/** Directories and files that no root gave a mode: the umask of whoever builds the tree is nothing to the image. */
const DIRECTORY = 0o755;
const FILE = 0o644;
const PROGRAM = 0o755;

/** Makes a directory, and those above it, as far as they are not there. */
export function makeDirectory(path: string): void {
  const first = fs.mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let at = path; at.length >= first.length; at = nodePath.dirname(at)) fs.chmodSync(at, DIRECTORY);
}

/** Writes a file where nothing stands. */
export function writeText(path: string, text: string, executable = false): void {
  makeDirectory(nodePath.dirname(path));
  fs.writeFileSync(path, text, { flag: 'wx' });
  fs.chmodSync(path, executable ? PROGRAM : FILE);
}

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
