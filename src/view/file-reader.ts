import fs from 'node:fs';
import { placeOf } from './open-directories.ts';
import { type OpenFile, ReadFailure } from './view.ts';

/** Bytes read when a file is opened. They contain the header, program headers and interpreter of nearly every ELF file. */
const HEAD = 1024;
/** Does not follow a final link, wait for a writer of a FIFO or acquire a controlling terminal. */
const FLAGS =
  fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY;

/** Buffer of a closed file, reused for the next: a root has tens of thousands of files, and each buffer would become garbage at once. */
let idleHead: Buffer | undefined;

/** Opens a file. @param path path inside the root, for messages */
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

  get place(): string | undefined {
    return placeOf(this.#fd);
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

  /** Calls fstat only when needed, because most files are of no interest. */
  #known(): { readonly size: number; readonly id: string } {
    if (!this.#stat) {
      const stat = fs.fstatSync(this.#fd);
      if (!stat.isFile()) throw new ReadFailure('special', this.#path);
      this.#stat = { size: stat.size, id: `${stat.dev}:${this.#inode(stat.ino)}` };
    }
    return this.#stat;
  }

  /** Some file systems have inode numbers above 2^53 (overlayfs with xino), which a `number` cannot represent exactly. */
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
