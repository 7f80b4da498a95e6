import fs from 'node:fs';
import { type OpenFile, ReadFailure } from './view.ts';

/** Header, program headers and interpreter of nearly every ELF file lie here: one read serves them all. */
const HEAD = 4096;
/** No link at the end, no waiting for a FIFO's writer, no terminal taken over. */
const FLAGS =
  fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;

/** @param path the name inside the root, for messages */
export function fileReader(hostPath: string, path: string): OpenFile {
  const fd = fs.openSync(hostPath, FLAGS);
  try {
    const stat = fs.fstatSync(fd, { bigint: true });
    if (!stat.isFile()) throw new ReadFailure('special', path);
    return new FileReader(fd, path, Number(stat.size), `${stat.dev}:${stat.ino}`);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

class FileReader implements OpenFile {
  readonly size: number;
  readonly id: string;
  readonly #fd: number;
  readonly #path: string;
  #head: Buffer | undefined;

  constructor(fd: number, path: string, size: number, id: string) {
    this.#fd = fd;
    this.#path = path;
    this.size = size;
    this.id = id;
  }

  read(offset: number, length: number): Uint8Array {
    if (offset + length > Math.min(HEAD, this.size)) return this.#pread(offset, length);
    this.#head ??= this.#pread(0, Math.min(HEAD, this.size));
    return this.#head.subarray(offset, offset + length);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }

  #pread(offset: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const count = this.#readSome(buffer, done, offset);
      if (count === 0) throw new ReadFailure('changed while it was read', this.#path);
      done += count;
    }
    return buffer;
  }

  #readSome(buffer: Buffer, done: number, offset: number): number {
    try {
      return fs.readSync(this.#fd, buffer, done, buffer.length - done, offset + done);
    } catch (error) {
      throw new ReadFailure((error as NodeJS.ErrnoException).code ?? String(error), this.#path);
    }
  }
}
