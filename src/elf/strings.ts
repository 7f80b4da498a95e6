import { asBuffer } from './bytes.ts';
import { ElfError } from './error.ts';
import { type Reader, readRange } from './reader.ts';

/** How much is read at once, in bytes. libLLVM's table has 3.8 MB, of which flix needs a few names that are close together. */
const BLOCK = 512;
/** In bytes; longer than any run path. A longer string means that the file is malformed. */
const MAX_STRING = 1024 * 1024;
/** For all strings together, in bytes: a table may refer to one long string a hundred thousand times. */
const MAX_TOTAL = 16 * 1024 * 1024;

/** A string table (`.dynstr`), of which only the requested strings are read. */
export class StringTable {
  readonly #reader: Reader;
  readonly #offset: number;
  readonly #size: number;
  readonly #blocks = new Map<number, Uint8Array>();
  #left = MAX_TOTAL;

  /** Throws `ElfError` if the table is not inside the file. */
  constructor(reader: Reader, offset: number, size: number) {
    if (size < 0 || offset + size > reader.size)
      throw new ElfError('truncated', offset, `the string table of ${size} bytes is outside the file`);
    this.#reader = reader;
    this.#offset = offset;
    this.#size = size;
  }

  /** Returns the NUL-terminated string at `index`. Throws `ElfError` if it does not end in the table. */
  at(index: number): string {
    if (index >= this.#size)
      throw new ElfError(
        'string',
        this.#offset,
        `string ${index} is outside its table of ${this.#size} bytes`,
      );
    const pieces: Uint8Array[] = [];
    for (let at = index, length = 0; at < this.#size;) {
      const start = at % BLOCK;
      const block = this.#block(at - start);
      const end = block.indexOf(0, start);
      const piece = block.subarray(start, end < 0 ? undefined : end);
      pieces.push(piece);
      length += piece.length;
      this.#count(piece.length);
      if (end >= 0) return text(pieces.length === 1 ? piece : Buffer.concat(pieces));
      if (length > MAX_STRING) break;
      at += piece.length;
    }
    throw new ElfError('string', this.#offset + index, `string ${index} has no end`);
  }

  #block(at: number): Uint8Array {
    let block = this.#blocks.get(at);
    if (!block) {
      const length = Math.min(BLOCK, this.#size - at);
      block = readRange(this.#reader, this.#offset + at, length, 'the string table');
      this.#blocks.set(at, block);
    }
    return block;
  }

  #count(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0)
      throw new ElfError('limit', this.#offset, `the file refers to more than ${MAX_TOTAL} bytes of strings`);
  }
}

/** Decodes UTF-8. To the loader, names are bytes, but all that occur in practice are UTF-8. */
export function text(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8');
}
