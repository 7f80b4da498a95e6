import type { ReadOnlyPart } from '../elf/compiled-in.ts';

/**
 * Where a loader has the first byte of a name that it compares, and how to replace that byte by `=`. `before` and `after`
 * are latin1. A search returns no site if it finds the name nowhere, or if what it finds is ambiguous.
 */
export interface NameSite {
  /** Offset in the file, in bytes. */
  readonly offset: number;
  readonly before: string;
  readonly after: string;
}

/** Returns the offsets of `needle` in a part, in bytes. */
export function occurrences({ bytes }: ReadOnlyPart, needle: string): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(needle, 0, 'latin1'); at >= 0; at = bytes.indexOf(needle, at + 1, 'latin1'))
    found.push(at);
  return found;
}

/** Returns the file offsets at which `text` is a whole string, between NULs or at the start of a part. */
export function stringOffsets(parts: readonly ReadOnlyPart[], text: string): number[] {
  return parts.flatMap(part =>
    occurrences(part, `${text}\0`)
      .filter(at => at === 0 || part.bytes[at - 1] === 0)
      .map(at => part.base + at),
  );
}

/** Whether the bytes around `at` belong to a NUL-terminated string, such as a message, rather than to code. */
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
