/**
 * Readers of text databases that make no array of all lines: a root may contain hundreds of megabytes of line ends.
 */

const NEWLINE = 10;

/** Yields the lines that are not empty. */
export const linesIn = (text: string) => partsOf(text, '\n');

/** Yields the stanzas, which have empty lines between them. */
export const stanzasIn = (text: string) => partsOf(text, '\n\n');

function* partsOf(text: string, separator: string): Generator<string> {
  for (let at = 0; ;) {
    while (text.charCodeAt(at) === NEWLINE) at++;
    if (at >= text.length) return;
    const found = text.indexOf(separator, at);
    const end = found < 0 ? text.length : found;
    yield text.slice(at, end);
    at = end;
  }
}
