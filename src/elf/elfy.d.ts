/** The part of elfy 1.0.0 that flix uses. Its `parse` rejects files without sections, and reads every file completely. */
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
