/** Control characters, line separators, and characters that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Escapes a name from a root for a line of text, so that it cannot break the line or control the terminal. */
export function printable(name: string): string {
  return name.replace(UNPRINTABLE, character => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/**
 * Does the same for a message, keeping the line breaks. Only its first line may begin at the margin: what a name with a
 * line break puts on the others cannot pass for a message of its own.
 */
export function printableLines(text: string): string {
  return text
    .split('\n')
    .map((line, at) => (at > 0 && /^\S/.test(line) ? `  ${printable(line)}` : printable(line)))
    .join('\n');
}

/** A colour, as flix itself sets them, or one character. */
const UNPRINTABLE_OR_COLOUR = new RegExp(`\\u001b\\[[0-9;]*m|${UNPRINTABLE.source}`, 'gu');

/**
 * Escapes what must not reach a terminal in finished output of any format. The escape is valid in JSON, where such
 * characters occur only in strings.
 */
export function safeOutput(text: string): string {
  return text.replace(UNPRINTABLE_OR_COLOUR, found =>
    found.length > 1 || found === '\n' || found === '\t'
      ? found
      : `\\u${found.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}

/** Joins names, of which it shows the first ones: `a, b, c and 2 more`. */
export function someOf(names: readonly string[], shown = 3, separator = ', '): string {
  const text = names.slice(0, shown).join(separator);
  return names.length > shown ? `${text} and ${names.length - shown} more` : text;
}
