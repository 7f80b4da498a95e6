import type { ReadOnlyPart } from '../elf/compiled-in.ts';

/**
 * Where a loader holds the first byte of a compared name. Empty: it was not found, or what was found is ambiguous.
 * `before` and `after` are latin1.
 */
export interface NameSite {
  /** In the file, in bytes. */
  readonly offset: number;
  readonly before: string;
  readonly after: string;
}

/** Every place of `needle` in a part, as indices into it. */
export function occurrences({ bytes }: ReadOnlyPart, needle: string): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(needle, 0, 'latin1'); at >= 0; at = bytes.indexOf(needle, at + 1, 'latin1'))
    found.push(at);
  return found;
}

/** File offsets at which `text` is a whole string: a NUL, or the start of the part, before it and a NUL behind. */
export function stringOffsets(parts: readonly ReadOnlyPart[], text: string): number[] {
  return parts.flatMap(part =>
    occurrences(part, `${text}\0`)
      .filter(at => at === 0 || part.bytes[at - 1] === 0)
      .map(at => part.base + at),
  );
}

/** The bytes around `at` are text for people or a list of names, not code: a NUL-terminated string holds them. */
export function insideText({ bytes }: ReadOnlyPart, at: number): boolean {
  let start = at;
  let end = at;
  while (start > 0 && isText(bytes[start - 1]!)) start--;
  while (end < bytes.length && isText(bytes[end]!)) end++;
  return bytes[end] === 0 && (start === 0 || bytes[start - 1] === 0);
}

function isText(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x0a;
}
