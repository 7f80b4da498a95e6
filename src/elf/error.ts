/** What is wrong with a file. `short` and `magic` mean that it is not an ELF file at all. */
export type ElfErrorCode =
  | 'short' // shorter than an ELF header
  | 'magic' // does not begin with \x7fELF
  | 'class' // EI_CLASS is neither 32 nor 64
  | 'data' // EI_DATA is neither little nor big endian
  | 'version'
  | 'phentsize' // program header entries are not 32 (56) bytes
  | 'truncated' // a table is outside the file
  | 'address' // no PT_LOAD contains an address of .dynamic
  | 'string' // a string does not end in its table, or is outside it
  | 'range' // an integer larger than any offset, address or count
  | 'limit'; // more entries than a real file has

/** A malformed ELF file. The message does not name the file; the caller adds that. */
export class ElfError extends Error {
  override readonly name = 'ElfError';
  readonly code: ElfErrorCode;
  /** Offset of the fault in the file, in bytes. */
  readonly offset: number;

  constructor(code: ElfErrorCode, offset: number, message: string) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}
