import fs from 'node:fs';
import { type OpenFile, ReadFailure } from './view.ts';

/** Header, program headers and interpreter of nearly every ELF file lie here: one read serves them all. */
const HEAD = 1024;
/** No link at the end, no waiting for a FIFO's writer, no terminal taken over. */
const FLAGS =
  fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;

/** The head of a closed file, for the next one: a root has tens of thousands, and each would be garbage at once. */
let idleHead: Buffer | undefined;

/** @param path the name inside the root, for messages */
export function fileReader(hostPath: string, path: string): OpenFile {
  return new FileReader(fs.openSync(hostPath, FLAGS), path);
}

class FileReader implements OpenFile {
  readonly #fd: number;
  readonly #path: string;
  readonly #head: Buffer;
  readonly #headLength: number;
  #stat: { readonly size: number; readonly id: string } | undefined;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.#path = path;
    this.#head = idleHead ?? Buffer.allocUnsafe(HEAD);
    idleHead = undefined;
    try {
      this.#headLength = this.#readSome(this.#head, 0, 0);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get size(): number {
    return this.#known().size;
  }

  get id(): string {
    return this.#known().id;
  }

  get magic(): number | undefined {
    return this.#headLength < 4 ? undefined : this.#head.readUInt32BE(0);
  }

  read(offset: number, length: number, into?: Buffer): Uint8Array {
    if (offset + length <= this.#headLength) return Buffer.from(this.#head.subarray(offset, offset + length));
    const buffer = into?.subarray(0, length) ?? Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const count = this.#readSome(buffer, done, offset + done);
      if (count === 0) throw new ReadFailure('changed while it was read', this.#path);
      done += count;
    }
    return buffer;
  }

  close(): void {
    idleHead = this.#head;
    fs.closeSync(this.#fd);
  }

  /** Asked for only once it is sure that the file is of interest. */
  #known(): { readonly size: number; readonly id: string } {
    if (!this.#stat) {
      const stat = fs.fstatSync(this.#fd);
      if (!stat.isFile()) throw new ReadFailure('special', this.#path);
      this.#stat = { size: stat.size, id: `${stat.dev}:${this.#inode(stat.ino)}` };
    }
    return this.#stat;
  }

  /** Some file systems number beyond 2^53 (overlayfs with xino), where a `number` has lost the last digits. */
  #inode(ino: number): number | bigint {
    return Number.isSafeInteger(ino) ? ino : fs.fstatSync(this.#fd, { bigint: true }).ino;
  }

  #readSome(buffer: Buffer, done: number, position: number): number {
    try {
      return fs.readSync(this.#fd, buffer, done, buffer.length - done, position);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // a directory, or something without positions: a FIFO, a socket
      const special = code === 'EISDIR' || code === 'ESPIPE';
      throw new ReadFailure(special ? 'special' : (code ?? String(error)), this.#path);
    }
  }
}
