/** The part of elfy 1.0.0 that is exact: header and program headers (its whole-file `parse` is not used). */
declare module 'elfy' {
  interface ParsedHeader {
    version: number;
    entry: number;
    phoff: number;
    shoff: number;
    flags: number;
    phentsize: number;
    phnum: number;
    shentsize: number;
    shnum: number;
  }
  interface ParsedProgram {
    offset: number;
    vaddr: number;
    filesz: number;
    memsz: number;
    align: number;
  }
  class Parser {
    setEndian(endian: 'lsb' | 'msb'): void;
    setWord(bytes: 4 | 8): void;
    parseHeader(bytes: Buffer): ParsedHeader;
    /** @param body what the content of the segment is cut from */
    parseProgram(
      entry: Buffer,
      header: { class: string },
      body: { slice(start: number, end: number): unknown },
    ): ParsedProgram;
  }
  const elfy: { Parser: typeof Parser };
  export default elfy;
}
