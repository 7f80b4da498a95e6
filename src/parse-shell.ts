import { parse, type SyntaxNode } from 'unbash';

/** The time of the parser grows with the square of the number of these. Scripts that people write have fewer. */
const COSTLY = /\$\(|<<|\(\s*\)/g;
const MAX_COSTLY = 4000;

/** Parses a shell script and gives the tree to a reader; `undefined`: the parser or the reader cannot cope with the script. */
export function readShellTree<Result>(
  text: string,
  read: (script: Extract<SyntaxNode, { type: 'Script' }>) => Result,
): Result | undefined {
  if ((text.match(COSTLY)?.length ?? 0) > MAX_COSTLY) return undefined;
  try {
    return read(parse(text));
  } catch (error) {
    // constructs that are nested thousands of times exhaust the stack
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
