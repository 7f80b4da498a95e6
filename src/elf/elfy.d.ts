/** The part of elfy 1.0.0 that is used: its whole-file `parse` refuses files without sections and reads all of every file. */
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
  class Parser {
    parseHeader(bytes: Buffer): ParsedHeader;
  }
  const elfy: { Parser: typeof Parser };
  export default elfy;
}
