import { ElfError } from './error.ts';
import { type Reader, readRange } from './reader.ts';

/** Up to here the table is read in one piece; libLLVM's is 3.8 MB, of which a few names are wanted. */
const WHOLE_TABLE = 32 * 1024;
const CHUNK = 256;
/** Longer than any run path; a "string" beyond is a lie. */
const MAX_STRING = 1024 * 1024;
/** Of all strings together: a table may name one long string a hundred thousand times. */
const MAX_TOTAL = 16 * 1024 * 1024;

/** A string table (`.dynstr`), read as far as strings are asked of it. */
export class StringTable {
  readonly #reader: Reader;
  readonly #offset: number;
  readonly #size: number;
  #whole: Uint8Array | undefined;
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
    if (this.#size <= WHOLE_TABLE) {
      this.#whole ??= readRange(this.#reader, this.#offset, this.#size, 'the string table');
      return this.#cut(this.#whole.subarray(index), index);
    }
    for (let length = CHUNK; ; length *= 4) {
      const available = Math.min(length, this.#size - index);
      const bytes = readRange(this.#reader, this.#offset + index, available, 'a string');
      if (bytes.includes(0) || available < length || length > MAX_STRING) return this.#cut(bytes, index);
    }
  }

  #cut(bytes: Uint8Array, index: number): string {
    const end = bytes.indexOf(0);
    if (end < 0 || end > MAX_STRING)
      throw new ElfError('string', this.#offset + index, `string ${index} has no end`);
    this.#left -= end;
    if (this.#left < 0)
      throw new ElfError('limit', this.#offset, `more than ${MAX_TOTAL} bytes of strings are asked for`);
    return text(bytes.subarray(0, end));
  }
}

/** Names are bytes to the loader; all that are used in practice are UTF-8. */
export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
