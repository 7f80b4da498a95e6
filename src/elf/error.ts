/** Why bytes are not the ELF file that they should be. `short` and `magic` mean: no ELF file at all. */
export type ElfErrorCode =
  | 'short' // fewer bytes than an ELF header
  | 'magic' // does not begin with \x7fELF
  | 'class' // EI_CLASS is neither 32 nor 64
  | 'data' // EI_DATA is neither little nor big endian
  | 'version'
  | 'phentsize' // program header entries are not 32 (56) bytes
  | 'truncated' // a table lies outside the file
  | 'address' // an address of .dynamic is in no PT_LOAD
  | 'string' // a string has no end inside its table, or lies outside of it
  | 'range' // an integer that no file can hold
  | 'limit'; // more entries than a real file has

/** Malformed bytes. Says nothing about which file they came from: the caller adds that. */
export class ElfError extends Error {
  override readonly name = 'ElfError';
  readonly code: ElfErrorCode;
  /** Where in the file, in bytes. */
  readonly offset: number;

  constructor(code: ElfErrorCode, offset: number, message: string) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}
