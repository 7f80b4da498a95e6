import { asBuffer } from './bytes.ts';
import { PF_W, PF_X, PT_LOAD } from './constants.ts';
import type { Segment } from './facts.ts';
import { type Reader, readRange } from './reader.ts';

/** In bytes; longer than any compiled-in name or path. */
const MAX_TEXT = 512;
/** How much is read at once, always into the same buffer, in bytes. */
const PIECE = 64 * 1024;
const buffer = Buffer.allocUnsafeSlow(PIECE);

/**
 * Returns the whole strings, between two NULs, that contain one of these texts. Throws `ElfError` for a segment outside
 * the file.
 *
 * @param needles each shorter than seven bytes and with a first byte that is rare in data, so that Node searches with
 *   memchr(3)
 */
export function textsWith(
  needles: readonly string[],
  reader: Reader,
  { segments }: { readonly segments: readonly Segment[] },
): Set<string> {
  const texts = new Set<string>();
  for (const { offset, filesz } of textSegments(segments)) {
    const end = offset + filesz;
    for (let at = offset; at < end; at += PIECE - MAX_TEXT) {
      const length = Math.min(PIECE, end - at);
      const piece = asBuffer(readRange(reader, at, length, 'a segment', buffer));
      for (const needle of needles)
        for (let hit = piece.indexOf(needle); hit >= 0; hit = piece.indexOf(needle, hit + 1)) {
          const before = piece.lastIndexOf(0, hit);
          const after = piece.indexOf(0, hit);
          // a string that begins before this piece was complete in the previous one, or is too long
          if (after < 0 || (before < 0 && at > offset) || after - before > MAX_TEXT) continue;
          texts.add(piece.toString('latin1', before + 1, after));
          hit = after;
        }
    }
  }
  return texts;
}

/** Returns the segments that can contain strings. If the linker gave constants a segment, there are none among the code. */
function textSegments(segments: readonly Segment[]): Segment[] {
  const constant = segments.filter(({ type, flags }) => type === PT_LOAD && (flags & PF_W) === 0);
  const plain = constant.filter(({ flags }) => (flags & PF_X) === 0);
  return plain.length > 0 ? plain : constant;
}

/** A part of a file that is mapped read-only, with compiled-in text and code. */
export interface ReadOnlyPart {
  /** Offset in the file, in bytes. */
  readonly base: number;
  readonly bytes: Buffer;
  readonly executable: boolean;
}

/** Returns the parts of a file that are mapped and not writable. */
export function readOnlyParts(
  content: Uint8Array,
  { segments }: { readonly segments: readonly Segment[] },
): ReadOnlyPart[] {
  return segments
    .filter(({ type, flags }) => type === PT_LOAD && (flags & PF_W) === 0)
    .map(({ offset, filesz, flags }) => ({
      base: offset,
      bytes: asBuffer(content.subarray(offset, offset + filesz)),
      executable: (flags & PF_X) !== 0,
    }));
}
