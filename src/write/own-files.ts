import fs from 'node:fs';
import nodePath from 'node:path';
import type { Editable } from '../relocate/edit.ts';

/** Modes of directories and files that come from no root. They do not depend on the umask. */
const DIRECTORY = 0o755;
const FILE = 0o644;
const PROGRAM = 0o755;

/** Makes a directory and its missing parents. */
export function makeDirectory(path: string): void {
  const first = fs.mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let at = path; at.length >= first.length; at = nodePath.dirname(at)) fs.chmodSync(at, DIRECTORY);
}

/** Writes a file that does not exist yet. */
export function writeText(path: string, text: string, executable = false): void {
  makeDirectory(nodePath.dirname(path));
  fs.writeFileSync(path, text, { flag: 'wx' });
  fs.chmodSync(path, executable ? PROGRAM : FILE);
}

/** Wraps a descriptor that is open for reading and writing. */
export function editable(fd: number): Editable {
  return {
    read(offset, length) {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, offset));
    },
    write: (offset, bytes) => void fs.writeSync(fd, bytes, 0, bytes.length, offset),
  };
}
