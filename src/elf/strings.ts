import { asBuffer } from './bytes.ts';
import { ElfError } from './error.ts';
import { type Reader, readRange } from './reader.ts';

/** Read at once; libLLVM's table has 3.8 MB, of which a few names are wanted, and versions stand close together. */
const BLOCK = 512;
/** Longer than any run path; a "string" beyond is a lie. */
const MAX_STRING = 1024 * 1024;
/** Of all strings together: a table may name one long string a hundred thousand times. */
const MAX_TOTAL = 16 * 1024 * 1024;

/** A string table (`.dynstr`), read as far as strings are asked of it. */
export class StringTable {
  readonly #reader: Reader;
  readonly #offset: number;
  readonly #size: number;
  readonly #blocks = new Map<number, Uint8Array>();
  #left = MAX_TOTAL;

  /** Throws `ElfError` if the table is not inside the file. */
  constructor(reader: Reader, offset: number, size: number) {
    if (offset + size > reader.size)
      throw new ElfError('truncated', offset, `the string table of ${size} bytes lies outside the file`);
    this.#reader = reader;
    this.#offset = offset;
    this.#size = size;
  }

  /** The NUL-terminated string at `index`. Throws `ElfError` where it has no end inside the table. */
  at(index: number): string {
    if (index >= this.#size)
      throw new ElfError(
        'string',
        this.#offset,
        `string ${index} lies outside its table of ${this.#size} bytes`,
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
      throw new ElfError('limit', this.#offset, `more than ${MAX_TOTAL} bytes of strings are asked for`);
  }
}

/** Names are bytes to the loader; all that are used in practice are UTF-8. */
export function text(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8');
}
