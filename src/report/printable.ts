/** C0, DEL and C1, and what turns the direction of a line around. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A name out of a root, for a line of text: it cannot break the line or steer the terminal. */
export function printable(name: string): string {
  return name.replace(UNPRINTABLE, character => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
