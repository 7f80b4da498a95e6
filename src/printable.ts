/** Control characters, and characters that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Escapes a name from a root for a line of text, so that it cannot break the line or control the terminal. */
export function printable(name: string): string {
  return name.replace(UNPRINTABLE, character => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** Does the same for a text of several lines, keeping the line breaks. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
